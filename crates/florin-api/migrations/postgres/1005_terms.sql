-- What is agreed with a partner where it differs from the installation's defaults, with its history: a row is never
-- changed, and the newest one that is in force counts.

CREATE TABLE partner_terms (
    partner BYTEA NOT NULL REFERENCES partner (id),
    name TEXT COLLATE "C" NOT NULL,
    -- Of a withdrawal fee: currency and network, as `usdc/polygon`; else empty.
    scope TEXT COLLATE "C" NOT NULL,
    effective_from BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (partner, effective_from, set_at, name, scope)
);

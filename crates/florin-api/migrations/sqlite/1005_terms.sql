-- What is agreed with a partner where it differs from the installation's defaults, with its history: a row is never
-- changed, and the newest one that is in force counts.

CREATE TABLE partner_terms (
    partner BLOB NOT NULL REFERENCES partner (id),
    name TEXT NOT NULL,
    -- Of a withdrawal fee: currency and network, as `usdc/polygon`; else empty.
    scope TEXT NOT NULL,
    effective_from INTEGER NOT NULL,
    set_at INTEGER NOT NULL,
    value TEXT NOT NULL,
    operator TEXT NOT NULL,
    PRIMARY KEY (partner, effective_from, set_at, name, scope)
) WITHOUT ROWID;

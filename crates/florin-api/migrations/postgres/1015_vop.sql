-- Verification of Payee for other banks: who may ask, and how many of each result an asker had on a day.

CREATE TABLE vop_asker (
    id BYTEA NOT NULL PRIMARY KEY,
    -- A keyed hash of the bearer token.
    hash BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The asking bank; none for who asks for many.
    bic TEXT COLLATE "C",
    -- How many answers a day may be something else than a match.
    misses_a_day BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    seal BYTEA
);
CREATE UNIQUE INDEX vop_asker_hash ON vop_asker (hash);

CREATE TABLE vop_answer (
    asker BYTEA NOT NULL,
    -- As YYYY-MM-DD, UTC.
    day TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    answers BIGINT NOT NULL,
    PRIMARY KEY (asker, day, result)
);

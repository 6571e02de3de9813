-- Verification of Payee for other banks: who may ask, and how many of each result an asker had on a day.

CREATE TABLE vop_asker (
    id BLOB NOT NULL PRIMARY KEY,
    -- A keyed hash of the bearer token.
    hash BLOB NOT NULL,
    name TEXT NOT NULL,
    -- The asking bank; none for who asks for many.
    bic TEXT,
    -- How many answers a day may be something else than a match.
    misses_a_day INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    seal BLOB
) WITHOUT ROWID;
CREATE UNIQUE INDEX vop_asker_hash ON vop_asker (hash);

CREATE TABLE vop_answer (
    asker BLOB NOT NULL,
    -- As YYYY-MM-DD, UTC.
    day TEXT NOT NULL,
    result TEXT NOT NULL,
    answers INTEGER NOT NULL,
    PRIMARY KEY (asker, day, result)
) WITHOUT ROWID;

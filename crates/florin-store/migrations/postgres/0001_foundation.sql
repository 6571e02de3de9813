-- What every installation has: its books, the journal and events of each, keys of repeated requests, jobs.
-- Types: see value.rs. Positions are book << 40 | sequence, so every table below grows at the right edge of its tree,
-- but for holder_handle, account and command_key, which are found by name. Accounts and books are rewritten in place:
-- their pages keep room for the new version of a row, so that no index is touched (HOT updates).

CREATE TABLE installation (name TEXT COLLATE "C" NOT NULL PRIMARY KEY, value BYTEA NOT NULL);

CREATE TABLE book (
    id BIGINT NOT NULL PRIMARY KEY,
    successor BIGINT,
    clock_offset BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    journal_head BIGINT NOT NULL,
    journal_chain BYTEA NOT NULL,
    event_head BIGINT NOT NULL,
    event_chain BYTEA NOT NULL,
    command_head BIGINT NOT NULL,
    holder_head BIGINT NOT NULL,
    job_head BIGINT NOT NULL,
    batch BYTEA NOT NULL,
    seal BYTEA NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE holder (
    id BIGINT NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    handle TEXT COLLATE "C",
    uuid BYTEA NOT NULL,
    gate BIGINT NOT NULL,
    secret BYTEA
);
CREATE UNIQUE INDEX holder_handle ON holder (book, handle);

-- Keyed by currency before holder: the busy accounts of a book (its EUR) then stand close together, some 90 on a page,
-- instead of one here and there between those that nobody uses.
CREATE TABLE account (
    book BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    held BIGINT NOT NULL,
    last BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    PRIMARY KEY (book, currency, kind, holder)
) WITH (fillfactor = 60);

CREATE TABLE journal (
    position BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    at BIGINT NOT NULL,
    object BYTEA NOT NULL,
    legs BYTEA NOT NULL,
    memo BYTEA NOT NULL,
    chain BYTEA NOT NULL
);
CREATE INDEX journal_object ON journal (object);

CREATE TABLE mark (
    holder BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (holder, currency, kind, ordinal)
);

CREATE TABLE event (
    position BIGINT NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    object BYTEA NOT NULL,
    holder BIGINT,
    journal BIGINT,
    data BYTEA NOT NULL,
    chain BYTEA NOT NULL
);

CREATE TABLE command (
    position BIGINT NOT NULL PRIMARY KEY,
    key BYTEA NOT NULL,
    request BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    carried BIGINT NOT NULL
);

CREATE TABLE command_key (
    hash BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (hash, position)
);

CREATE TABLE job (
    position BIGINT NOT NULL PRIMARY KEY,
    run_at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX job_run_at ON job (run_at);

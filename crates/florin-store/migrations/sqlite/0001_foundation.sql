-- What every installation has: its books, the journal and events of each, keys of repeated requests, jobs.
-- Types: see value.rs. Positions are book << 40 | sequence, so every table below grows at the right edge of its tree,
-- but for holder_handle, account and command_key, which are found by name.

CREATE TABLE installation (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE book (
    id INTEGER NOT NULL PRIMARY KEY,
    successor INTEGER,
    clock_offset INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    journal_head INTEGER NOT NULL,
    journal_chain BLOB NOT NULL,
    event_head INTEGER NOT NULL,
    event_chain BLOB NOT NULL,
    command_head INTEGER NOT NULL,
    holder_head INTEGER NOT NULL,
    job_head INTEGER NOT NULL,
    batch BLOB NOT NULL,
    seal BLOB NOT NULL
);

CREATE TABLE holder (
    id INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    handle TEXT,
    uuid BLOB NOT NULL,
    gate INTEGER NOT NULL,
    secret BLOB
);
CREATE UNIQUE INDEX holder_handle ON holder (book, handle);

-- Keyed by currency before holder: the busy accounts of a book (its EUR) then stand close together, some 90 on a page,
-- instead of one here and there between those that nobody uses.
CREATE TABLE account (
    book INTEGER NOT NULL,
    currency TEXT NOT NULL,
    kind INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    held INTEGER NOT NULL,
    last INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (book, currency, kind, holder)
) WITHOUT ROWID;

CREATE TABLE journal (
    position INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    object BLOB NOT NULL,
    legs BLOB NOT NULL,
    memo BLOB NOT NULL,
    chain BLOB NOT NULL
);
CREATE INDEX journal_object ON journal (object);

CREATE TABLE mark (
    holder INTEGER NOT NULL,
    currency TEXT NOT NULL,
    kind INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (holder, currency, kind, ordinal)
) WITHOUT ROWID;

CREATE TABLE event (
    position INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    object BLOB NOT NULL,
    holder INTEGER,
    journal INTEGER,
    data BLOB NOT NULL,
    chain BLOB NOT NULL
);

CREATE TABLE command (
    position INTEGER NOT NULL PRIMARY KEY,
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    carried INTEGER NOT NULL
);

CREATE TABLE command_key (
    hash INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (hash, position)
) WITHOUT ROWID;

CREATE TABLE job (
    position INTEGER NOT NULL PRIMARY KEY,
    run_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    attempts INTEGER NOT NULL
);
CREATE INDEX job_run_at ON job (run_at);

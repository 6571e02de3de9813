-- Payments that go to the bank in files. A file's number is used once, for ever.

CREATE TABLE sepa_file (
    number INTEGER NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    -- The time that its content depends on.
    created_at INTEGER NOT NULL,
    -- What it is called in the staging folder, once it is there whole.
    staged TEXT,
    payments INTEGER NOT NULL,
    -- Cents.
    amount INTEGER NOT NULL
) WITHOUT ROWID;

-- The one process that works on files.
CREATE TABLE sepa_lease (
    id INTEGER NOT NULL PRIMARY KEY,
    owner BLOB NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO sepa_lease (id, owner, until) VALUES (1, X'00', 0);

-- None where payments go one by one; 0 while it waits for a file; else the file's number.
ALTER TABLE sepa_transfer ADD COLUMN file INTEGER;

CREATE INDEX sepa_transfer_waiting ON sepa_transfer (book, created_at, id) WHERE file = 0;
CREATE INDEX sepa_transfer_by_file ON sepa_transfer (file, book, id) WHERE file > 0;
-- What the bank says about a payment has its id alone.
CREATE INDEX sepa_transfer_of_files ON sepa_transfer (id) WHERE file >= 0;

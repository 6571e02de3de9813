-- Payments that go to the bank in files. A file's number is used once, for ever.

CREATE TABLE sepa_file (
    number BIGINT NOT NULL PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    -- The time that its content depends on.
    created_at BIGINT NOT NULL,
    -- What it is called in the staging folder, once it is there whole.
    staged TEXT COLLATE "C",
    payments BIGINT NOT NULL,
    -- Cents.
    amount BIGINT NOT NULL
);

-- The one process that works on files.
CREATE TABLE sepa_lease (
    id BIGINT NOT NULL PRIMARY KEY,
    owner BYTEA NOT NULL,
    until BIGINT NOT NULL
);

INSERT INTO sepa_lease (id, owner, until) VALUES (1, '\x00', 0);

-- None where payments go one by one; 0 while it waits for a file; else the file's number.
ALTER TABLE sepa_transfer ADD COLUMN file BIGINT;

CREATE INDEX sepa_transfer_waiting ON sepa_transfer (book, created_at, id) WHERE file = 0;
CREATE INDEX sepa_transfer_by_file ON sepa_transfer (file, book, id) WHERE file > 0;
-- What the bank says about a payment has its id alone.
CREATE INDEX sepa_transfer_of_files ON sepa_transfer (id) WHERE file >= 0;

-- What the outside world says to a book, each message once.

CREATE TABLE inbox (
    book INTEGER NOT NULL,
    -- A keyed hash of rail and external id.
    id BLOB NOT NULL,
    rail TEXT NOT NULL,
    external_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    -- The content of a message that waits for a person, under the partner's key.
    sealed BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- A message is one book's: whose it is is found anew when it comes again.
CREATE UNIQUE INDEX inbox_once ON inbox (id);
-- A person is shown what waits.
CREATE INDEX inbox_refused ON inbox (book, at, id) WHERE state = 'REFUSED';

-- What the outside world says to a book, each message once.

CREATE TABLE inbox (
    book BIGINT NOT NULL,
    -- A keyed hash of rail and external id.
    id BYTEA NOT NULL,
    rail TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    -- The content of a message that waits for a person, under the partner's key.
    sealed BYTEA,
    at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

-- A message is one book's: whose it is is found anew when it comes again.
CREATE UNIQUE INDEX inbox_once ON inbox (id);
-- A person is shown what waits.
CREATE INDEX inbox_refused ON inbox (book, at, id) WHERE state = 'REFUSED';

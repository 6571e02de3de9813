-- Money that came back by a card for a user that had been deleted: it is in suspense until an operator gives it to
-- somebody.

CREATE TABLE card_unclaimed (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    -- The card transaction.
    payment BLOB NOT NULL,
    -- Cents.
    amount INTEGER NOT NULL,
    -- WAITING or ASSIGNED.
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX card_unclaimed_waiting ON card_unclaimed (book, created_at, id) WHERE state = 'WAITING';

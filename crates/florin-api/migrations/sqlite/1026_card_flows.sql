-- What counts for a card's limits, and what was said about each card transaction.

CREATE TABLE card_usage (
    book INTEGER NOT NULL,
    -- The card's.
    id BLOB NOT NULL,
    -- Times with what was authorised or taken then, in cents; and the times of the last uses.
    slots BLOB NOT NULL,
    uses BLOB NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE TABLE card_entry (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    card BLOB NOT NULL,
    payment BLOB NOT NULL,
    -- The number of its event in the book.
    event INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- JSON: no text of it is about a person.
    data BLOB NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX card_entry_of_card ON card_entry (book, card, event);

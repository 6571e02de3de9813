-- What counts for a card's limits, and what was said about each card transaction.

CREATE TABLE card_usage (
    book BIGINT NOT NULL,
    -- The card's.
    id BYTEA NOT NULL,
    -- Times with what was authorised or taken then, in cents; and the times of the last uses.
    slots BYTEA NOT NULL,
    uses BYTEA NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE TABLE card_entry (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    card BYTEA NOT NULL,
    payment BYTEA NOT NULL,
    -- The number of its event in the book.
    event BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- JSON: no text of it is about a person.
    data BYTEA NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE UNIQUE INDEX card_entry_of_card ON card_entry (book, card, event);

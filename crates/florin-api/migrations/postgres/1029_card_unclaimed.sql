-- Money that came back by a card for a user that had been deleted: it is in suspense until an operator gives it to
-- somebody.

CREATE TABLE card_unclaimed (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    -- The card transaction.
    payment BYTEA NOT NULL,
    -- Cents.
    amount BIGINT NOT NULL,
    -- WAITING or ASSIGNED.
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX card_unclaimed_waiting ON card_unclaimed (book, created_at, id) WHERE state = 'WAITING';

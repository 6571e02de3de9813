-- Wrong PINs and CVVs of a card in a row. A table of its own, for rows of card_usage are sealed as they were.

CREATE TABLE card_tries (
    book INTEGER NOT NULL,
    -- The card's.
    id BLOB NOT NULL,
    pins INTEGER NOT NULL,
    cvvs INTEGER NOT NULL,
    -- When a CVV was wrong last.
    cvv_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Wrong PINs and CVVs of a card in a row. A table of its own, for rows of card_usage are sealed as they were.

CREATE TABLE card_tries (
    book BIGINT NOT NULL,
    -- The card's.
    id BYTEA NOT NULL,
    pins BIGINT NOT NULL,
    cvvs BIGINT NOT NULL,
    -- When a CVV was wrong last.
    cvv_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

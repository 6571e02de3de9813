-- Where a book's partner is asked about authorisations of cards, and what holds without an answer.

CREATE TABLE card_decisions (
    book BIGINT NOT NULL PRIMARY KEY,
    url TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL,
    -- APPROVE or DECLINE.
    on_timeout TEXT COLLATE "C" NOT NULL,
    on_error TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    seal BYTEA
);

-- Where a book's partner is asked about authorisations of cards, and what holds without an answer.

CREATE TABLE card_decisions (
    book INTEGER NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    -- APPROVE or DECLINE.
    on_timeout TEXT NOT NULL,
    on_error TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    seal BLOB
);

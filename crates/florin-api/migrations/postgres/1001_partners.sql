-- Who may call: partners, and the hashes of their keys. These come before a book is known.

CREATE TABLE partner (
    id BYTEA NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    book BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
-- By book: housekeeping walks them, a reset replaces one.
CREATE INDEX partner_book ON partner (book);

CREATE TABLE api_key (
    hash BYTEA NOT NULL PRIMARY KEY,
    partner BYTEA NOT NULL REFERENCES partner (id),
    allowed TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Who may call: partners, and the hashes of their keys. These come before a book is known.

CREATE TABLE partner (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    book INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
-- By book: housekeeping walks them, a reset replaces one.
CREATE INDEX partner_book ON partner (book);

CREATE TABLE api_key (
    hash BLOB NOT NULL PRIMARY KEY,
    partner BLOB NOT NULL REFERENCES partner (id),
    allowed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) WITHOUT ROWID;

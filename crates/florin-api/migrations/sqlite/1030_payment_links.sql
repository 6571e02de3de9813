-- Payment links, which orders are of them, and how checkouts look.

CREATE TABLE payment_link (
    book INTEGER NOT NULL,
    -- A keyed hash of the id that the payer's address has.
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- EUR cents.
    amount INTEGER NOT NULL,
    status TEXT NOT NULL,
    told BLOB NOT NULL,
    -- The id, and what the partner said, under the partner's key.
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX payment_link_id ON payment_link (id);

-- The id is the order's.
CREATE TABLE link_order (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    link BLOB NOT NULL,
    -- How many orders the link had before.
    number INTEGER NOT NULL,
    memo BLOB NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX link_order_link ON link_order (book, link, number);

-- One row a book.
CREATE TABLE branding (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT,
    -- A data URI.
    logo TEXT,
    primary_color TEXT,
    accent_color TEXT,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

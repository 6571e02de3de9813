-- Payment links, which orders are of them, and how checkouts look.

CREATE TABLE payment_link (
    book BIGINT NOT NULL,
    -- A keyed hash of the id that the payer's address has.
    id BYTEA NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    -- EUR cents.
    amount BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    told BYTEA NOT NULL,
    -- The id, and what the partner said, under the partner's key.
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE UNIQUE INDEX payment_link_id ON payment_link (id);

-- The id is the order's.
CREATE TABLE link_order (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    link BYTEA NOT NULL,
    -- How many orders the link had before.
    number BIGINT NOT NULL,
    memo BYTEA NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX link_order_link ON link_order (book, link, number);

-- One row a book.
CREATE TABLE branding (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    name TEXT COLLATE "C",
    -- A data URI.
    logo TEXT COLLATE "C",
    primary_color TEXT COLLATE "C",
    accent_color TEXT COLLATE "C",
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- Rates and a fee that hold for one exchange of one holder, until a time of the book's clock.

CREATE TABLE exchange_lock (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    -- EUR for one unit of each currency, as `btc=95000.5 eur=1`.
    rates TEXT COLLATE "C" NOT NULL,
    -- In per cent of what is received.
    fee TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    -- The exchange that used it.
    used_by BYTEA,
    PRIMARY KEY (book, id)
);

-- Old locks are forgotten.
CREATE INDEX exchange_lock_by_end ON exchange_lock (book, valid_until);

-- What was agreed; what was booked is the journal record of the same object. Amounts are in minor units.
CREATE TABLE exchange (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    lock BYTEA NOT NULL,
    from_currency TEXT COLLATE "C" NOT NULL,
    from_amount BIGINT NOT NULL,
    from_rate TEXT COLLATE "C" NOT NULL,
    to_currency TEXT COLLATE "C" NOT NULL,
    -- After the fee.
    to_amount BIGINT NOT NULL,
    to_rate TEXT COLLATE "C" NOT NULL,
    -- In the currency that was received.
    fee BIGINT NOT NULL,
    percentage TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

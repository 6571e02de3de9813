-- Rates and a fee that hold for one exchange of one holder, until a time of the book's clock.

CREATE TABLE exchange_lock (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    -- EUR for one unit of each currency, as `btc=95000.5 eur=1`.
    rates TEXT NOT NULL,
    -- In per cent of what is received.
    fee TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    -- The exchange that used it.
    used_by BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Old locks are forgotten.
CREATE INDEX exchange_lock_by_end ON exchange_lock (book, valid_until);

-- What was agreed; what was booked is the journal record of the same object. Amounts are in minor units.
CREATE TABLE exchange (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    lock BLOB NOT NULL,
    from_currency TEXT NOT NULL,
    from_amount INTEGER NOT NULL,
    from_rate TEXT NOT NULL,
    to_currency TEXT NOT NULL,
    -- After the fee.
    to_amount INTEGER NOT NULL,
    to_rate TEXT NOT NULL,
    -- In the currency that was received.
    fee INTEGER NOT NULL,
    percentage TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Virtual cards, what was paid by them, and codes that were asked for. Limits and fees are in cents of EUR.

CREATE TABLE card (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    status TEXT NOT NULL,
    -- Whether the user has locked it, whatever an operator did since.
    is_locked INTEGER NOT NULL,
    label BLOB,
    last4 TEXT NOT NULL,
    -- A keyed hash of the number, so that none is given twice.
    pan_key BLOB NOT NULL,
    -- Number and CVV, and the PIN: sealed under keys of the user's that are in the database in no form.
    sealed BLOB,
    pin_block BLOB,
    monthly_all INTEGER NOT NULL,
    daily_all INTEGER NOT NULL,
    monthly_atm INTEGER NOT NULL,
    daily_atm INTEGER NOT NULL,
    monthly_ecom INTEGER NOT NULL,
    daily_ecom INTEGER NOT NULL,
    activation TEXT NOT NULL,
    -- Months whose fee was looked at, and what of the fees is still to be paid.
    fee_months INTEGER NOT NULL,
    fee_owed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    deleted_at INTEGER,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Over all books.
CREATE UNIQUE INDEX card_number ON card (pan_key);

CREATE INDEX card_of_holder ON card (book, holder, created_at);

-- A payment by card, from its authorisation to its end. The counters are in minor units of the merchant's currency, what
-- is held and the fee in cents.
CREATE TABLE card_payment (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    card BLOB NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    currency TEXT NOT NULL,
    decimals INTEGER NOT NULL,
    rate TEXT NOT NULL,
    percentage TEXT NOT NULL,
    authorised INTEGER NOT NULL,
    released INTEGER NOT NULL,
    cleared INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    charged_back INTEGER NOT NULL,
    represented INTEGER NOT NULL,
    held INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    decline TEXT,
    decided_by TEXT NOT NULL,
    sealed BLOB,
    expires_at INTEGER,
    -- When it counts for the limits: at the last authorisation that added to it.
    counted_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;


CREATE INDEX card_payment_of_holder ON card_payment (book, holder, created_at);

-- A code that somebody must give: for 3-D Secure, or to activate a card.
CREATE TABLE card_challenge (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    card BLOB NOT NULL,
    purpose TEXT NOT NULL,
    code BLOB NOT NULL,
    tries INTEGER NOT NULL,
    sealed BLOB,
    currency TEXT,
    amount INTEGER,
    outcome TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX card_challenge_of_card ON card_challenge (book, card, created_at);

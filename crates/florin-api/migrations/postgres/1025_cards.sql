-- Virtual cards, what was paid by them, and codes that were asked for. Limits and fees are in cents of EUR.

CREATE TABLE card (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    -- Whether the user has locked it, whatever an operator did since.
    is_locked BIGINT NOT NULL,
    label BYTEA,
    last4 TEXT COLLATE "C" NOT NULL,
    -- A keyed hash of the number, so that none is given twice.
    pan_key BYTEA NOT NULL,
    -- Number and CVV, and the PIN: sealed under keys of the user's that are in the database in no form.
    sealed BYTEA,
    pin_block BYTEA,
    monthly_all BIGINT NOT NULL,
    daily_all BIGINT NOT NULL,
    monthly_atm BIGINT NOT NULL,
    daily_atm BIGINT NOT NULL,
    monthly_ecom BIGINT NOT NULL,
    daily_ecom BIGINT NOT NULL,
    activation TEXT COLLATE "C" NOT NULL,
    -- Months whose fee was looked at, and what of the fees is still to be paid.
    fee_months BIGINT NOT NULL,
    fee_owed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    deleted_at BIGINT,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- Over all books.
CREATE UNIQUE INDEX card_number ON card (pan_key);

CREATE INDEX card_of_holder ON card (book, holder, created_at);

-- A payment by card, from its authorisation to its end. The counters are in minor units of the merchant's currency, what
-- is held and the fee in cents.
CREATE TABLE card_payment (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    card BYTEA NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    decimals BIGINT NOT NULL,
    rate TEXT COLLATE "C" NOT NULL,
    percentage TEXT COLLATE "C" NOT NULL,
    authorised BIGINT NOT NULL,
    released BIGINT NOT NULL,
    cleared BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    charged_back BIGINT NOT NULL,
    represented BIGINT NOT NULL,
    held BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    decline TEXT COLLATE "C",
    decided_by TEXT COLLATE "C" NOT NULL,
    sealed BYTEA,
    expires_at BIGINT,
    -- When it counts for the limits: at the last authorisation that added to it.
    counted_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);


CREATE INDEX card_payment_of_holder ON card_payment (book, holder, created_at);

-- A code that somebody must give: for 3-D Secure, or to activate a card.
CREATE TABLE card_challenge (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    card BYTEA NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    code BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    sealed BYTEA,
    currency TEXT COLLATE "C",
    amount BIGINT,
    outcome TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX card_challenge_of_card ON card_challenge (book, card, created_at);

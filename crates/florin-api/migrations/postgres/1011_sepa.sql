-- SEPA: payments out, payments in, and the accounts that a holder's money comes from. Amounts are in cents.

CREATE TABLE sepa_transfer (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    -- Whose money it is; the book's system, for money of the suspense account that goes back.
    holder BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    speed TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- Why it failed or came back.
    failure TEXT COLLATE "C",
    -- A reason code of ISO 20022.
    reason TEXT COLLATE "C",
    -- The payment that is sent back by it.
    refunds BYTEA,
    -- Payee and title, under the holder's key, or for a refund under the partner's.
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

-- Erasing a user empties its rows; a user with a pending one stays.
CREATE INDEX sepa_transfer_by_holder ON sepa_transfer (book, holder);

CREATE TABLE sepa_deposit (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    -- Whose it is; none while nobody knows.
    holder BIGINT,
    amount BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- The payment of ours that came back by it.
    returns BYTEA,
    -- A reason code of ISO 20022.
    reason TEXT COLLATE "C",
    -- Sender and title, under the holder's key; where there is none, under the partner's.
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE INDEX sepa_deposit_by_holder ON sepa_deposit (book, holder);
-- What lies in suspense.
CREATE INDEX sepa_deposit_waiting ON sepa_deposit (book, created_at, id) WHERE state IN ('UNMATCHED', 'PENDING', 'HELD', 'STUCK');

-- An account that is known to be its holder's own.
CREATE TABLE sepa_contact (
    book BIGINT NOT NULL,
    -- A keyed hash of holder and IBAN.
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    -- IBAN and name, under the holder's key.
    sealed BYTEA,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE INDEX sepa_contact_by_holder ON sepa_contact (book, holder, added_at, id);

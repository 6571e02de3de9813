-- SEPA: payments out, payments in, and the accounts that a holder's money comes from. Amounts are in cents.

CREATE TABLE sepa_transfer (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    -- Whose money it is; the book's system, for money of the suspense account that goes back.
    holder INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    speed TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why it failed or came back.
    failure TEXT,
    -- A reason code of ISO 20022.
    reason TEXT,
    -- The payment that is sent back by it.
    refunds BLOB,
    -- Payee and title, under the holder's key, or for a refund under the partner's.
    sealed BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Erasing a user empties its rows; a user with a pending one stays.
CREATE INDEX sepa_transfer_by_holder ON sepa_transfer (book, holder);

CREATE TABLE sepa_deposit (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    -- Whose it is; none while nobody knows.
    holder INTEGER,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL,
    -- The payment of ours that came back by it.
    returns BLOB,
    -- A reason code of ISO 20022.
    reason TEXT,
    -- Sender and title, under the holder's key; where there is none, under the partner's.
    sealed BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX sepa_deposit_by_holder ON sepa_deposit (book, holder);
-- What lies in suspense.
CREATE INDEX sepa_deposit_waiting ON sepa_deposit (book, created_at, id) WHERE state IN ('UNMATCHED', 'PENDING', 'HELD', 'STUCK');

-- An account that is known to be its holder's own.
CREATE TABLE sepa_contact (
    book INTEGER NOT NULL,
    -- A keyed hash of holder and IBAN.
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    -- IBAN and name, under the holder's key.
    sealed BLOB,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX sepa_contact_by_holder ON sepa_contact (book, holder, added_at, id);

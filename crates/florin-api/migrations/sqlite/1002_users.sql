-- Users: a row beside each holder, what is known of a person in one column, sealed under the holder's own key, which
-- erasure empties; where the verification stands; the IBAN.

CREATE TABLE end_user (
    holder INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    profile BLOB,
    terms_accepted INTEGER NOT NULL,
    poa_required INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    erased_at INTEGER
);

CREATE TABLE verification (
    holder INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    status TEXT NOT NULL,
    attempt TEXT NOT NULL,
    rejection_reason TEXT,
    updated_at INTEGER NOT NULL
);

CREATE TABLE bank_account (
    holder INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    status TEXT NOT NULL,
    iban TEXT
);
CREATE UNIQUE INDEX bank_account_iban ON bank_account (iban);

-- Users: a row beside each holder, what is known of a person in one column, sealed under the holder's own key, which
-- erasure empties; where the verification stands; the IBAN.

CREATE TABLE end_user (
    holder BIGINT NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    profile BYTEA,
    terms_accepted BIGINT NOT NULL,
    poa_required BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    erased_at BIGINT
);

CREATE TABLE verification (
    holder BIGINT NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    attempt TEXT COLLATE "C" NOT NULL,
    rejection_reason TEXT COLLATE "C",
    updated_at BIGINT NOT NULL
);

CREATE TABLE bank_account (
    holder BIGINT NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    iban TEXT COLLATE "C"
);
CREATE UNIQUE INDEX bank_account_iban ON bank_account (iban);

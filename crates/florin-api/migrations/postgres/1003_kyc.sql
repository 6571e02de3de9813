-- Verification of users: attempts with what they were given, the files of each, proof of address, and what operators did.
-- What is personal is sealed under the holder's own key (details) or in the vault (files, by name).

-- One per try of a user. `secret` is the keyed hash of the verification id, which is in clear only in `details`.
CREATE TABLE kyc_attempt (
    id BYTEA NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    secret BYTEA,
    details BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    decided_at BIGINT,
    decision TEXT COLLATE "C",
    decided_by TEXT COLLATE "C"
);
CREATE UNIQUE INDEX kyc_attempt_secret ON kyc_attempt (secret);
CREATE INDEX kyc_attempt_holder ON kyc_attempt (book, holder);

-- `verification` is where a user stands; `id` is the present attempt.
INSERT INTO kyc_attempt (id, book, holder, method, secret, details, created_at, expires_at, decided_at, decision, decided_by)
    SELECT id, book, holder, 'REVIEWER', NULL, NULL, updated_at, NULL, updated_at, attempt, NULL FROM verification;
-- Open reviews, for those who decide.
CREATE INDEX verification_attempt ON verification (book, attempt);

-- `name` is the object's in the vault; `owner` is an attempt or a submission of proofs of address.
CREATE TABLE kyc_file (
    name BYTEA NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    owner BYTEA NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    width BIGINT,
    height BIGINT,
    pages BIGINT,
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX kyc_file_holder ON kyc_file (book, holder);

CREATE TABLE poa (
    holder BIGINT NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    submission BYTEA NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX poa_status ON poa (book, status);
CREATE INDEX poa_submission ON poa (submission);

CREATE TABLE audit (
    id BYTEA NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    at BIGINT NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object BYTEA NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);

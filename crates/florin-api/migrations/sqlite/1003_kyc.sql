-- Verification of users: attempts with what they were given, the files of each, proof of address, and what operators did.
-- What is personal is sealed under the holder's own key (details) or in the vault (files, by name).

-- One per try of a user. `secret` is the keyed hash of the verification id, which is in clear only in `details`.
CREATE TABLE kyc_attempt (
    id BLOB NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    method TEXT NOT NULL,
    secret BLOB,
    details BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    decided_at INTEGER,
    decision TEXT,
    decided_by TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX kyc_attempt_secret ON kyc_attempt (secret);
CREATE INDEX kyc_attempt_holder ON kyc_attempt (book, holder);

-- `verification` is where a user stands; `id` is the present attempt.
INSERT INTO kyc_attempt (id, book, holder, method, secret, details, created_at, expires_at, decided_at, decision, decided_by)
    SELECT id, book, holder, 'REVIEWER', NULL, NULL, updated_at, NULL, updated_at, attempt, NULL FROM verification;
-- Open reviews, for those who decide.
CREATE INDEX verification_attempt ON verification (book, attempt);

-- `name` is the object's in the vault; `owner` is an attempt or a submission of proofs of address.
CREATE TABLE kyc_file (
    name BLOB NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    owner BLOB NOT NULL,
    part TEXT NOT NULL,
    type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    width INTEGER,
    height INTEGER,
    pages INTEGER,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX kyc_file_holder ON kyc_file (book, holder);

CREATE TABLE poa (
    holder INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    submission BLOB NOT NULL,
    status TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX poa_status ON poa (book, status);
CREATE INDEX poa_submission ON poa (submission);

CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    action TEXT NOT NULL,
    object BLOB NOT NULL,
    detail TEXT NOT NULL
) WITHOUT ROWID;

-- Orders: somebody pays crypto, and the partner gets EUR. Crypto amounts are in minor units, EUR in cents.

CREATE TABLE order_lock (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    settlement INTEGER NOT NULL,
    required INTEGER NOT NULL,
    rate TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    used_by BLOB,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX order_lock_age ON order_lock (book, valid_until);

CREATE TABLE pay_order (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    lock BLOB NOT NULL,
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    settlement INTEGER NOT NULL,
    required INTEGER NOT NULL,
    rate TEXT NOT NULL,
    state TEXT NOT NULL,
    address TEXT,
    -- What was seen and has not left its chain; confirmed of it; in time of that; and what was settled at the lock's
    -- rate, and in all.
    seen INTEGER NOT NULL,
    received INTEGER NOT NULL,
    in_time INTEGER NOT NULL,
    settled_locked INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- What was settled of a deposit that pays an order; the id is the deposit's.
CREATE TABLE order_payment (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    pay_order BLOB NOT NULL,
    amount INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    settled_locked INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    is_late INTEGER NOT NULL,
    is_lost INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

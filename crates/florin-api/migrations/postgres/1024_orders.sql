-- Orders: somebody pays crypto, and the partner gets EUR. Crypto amounts are in minor units, EUR in cents.

CREATE TABLE order_lock (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    settlement BIGINT NOT NULL,
    required BIGINT NOT NULL,
    rate TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    used_by BYTEA,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX order_lock_age ON order_lock (book, valid_until);

CREATE TABLE pay_order (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    lock BYTEA NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    settlement BIGINT NOT NULL,
    required BIGINT NOT NULL,
    rate TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C",
    -- What was seen and has not left its chain; confirmed of it; in time of that; and what was settled at the lock's
    -- rate, and in all.
    seen BIGINT NOT NULL,
    received BIGINT NOT NULL,
    in_time BIGINT NOT NULL,
    settled_locked BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- What was settled of a deposit that pays an order; the id is the deposit's.
CREATE TABLE order_payment (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    pay_order BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    settled_locked BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    is_late BIGINT NOT NULL,
    is_lost BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

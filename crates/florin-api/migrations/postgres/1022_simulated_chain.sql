-- The simulated chains of a sandbox.

CREATE TABLE sim_chain (
    book BIGINT NOT NULL,
    -- A keyed hash of the network.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    -- Its blocks, as JSON.
    state BYTEA NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE TABLE sim_transaction (
    book BIGINT NOT NULL,
    -- A keyed hash of network and transaction.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- The block that has it; none while none has.
    height BIGINT,
    -- In which order it came.
    place BIGINT NOT NULL,
    -- Whose nonce it uses.
    sender TEXT COLLATE "C",
    -- What it spends and pays, as JSON.
    body BYTEA NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE INDEX sim_transaction_pool ON sim_transaction (book, network, place) WHERE state = 'POOL';
CREATE INDEX sim_transaction_by_block ON sim_transaction (book, network, height) WHERE height IS NOT NULL;
-- With the state, so that counting reads the index alone.
CREATE INDEX sim_transaction_by_sender ON sim_transaction (book, network, sender, state) WHERE sender IS NOT NULL;

CREATE TABLE sim_point (
    book BIGINT NOT NULL,
    -- A keyed hash of network and point: an output, or a nonce of an account.
    id BYTEA NOT NULL,
    -- The transaction that uses it.
    consumer TEXT COLLATE "C",
    PRIMARY KEY (book, id)
);

-- What the transactions in blocks have moved, in minor units.
CREATE TABLE sim_entry (
    book BIGINT NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    height BIGINT NOT NULL,
    place BIGINT NOT NULL,
    line BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    -- Which of the transaction's transfers it is; none where it is none.
    output BIGINT,
    address TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C",
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (book, network, height, place, line)
);

-- With the amount, so that a sum reads the index alone.
CREATE INDEX sim_entry_by_address ON sim_entry (book, network, address, currency, amount);

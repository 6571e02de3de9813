-- The simulated chains of a sandbox.

CREATE TABLE sim_chain (
    book INTEGER NOT NULL,
    -- A keyed hash of the network.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    -- Its blocks, as JSON.
    state BLOB NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE TABLE sim_transaction (
    book INTEGER NOT NULL,
    -- A keyed hash of network and transaction.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    hash TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The block that has it; none while none has.
    height INTEGER,
    -- In which order it came.
    place INTEGER NOT NULL,
    -- Whose nonce it uses.
    sender TEXT,
    -- What it spends and pays, as JSON.
    body BLOB NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX sim_transaction_pool ON sim_transaction (book, network, place) WHERE state = 'POOL';
CREATE INDEX sim_transaction_by_block ON sim_transaction (book, network, height) WHERE height IS NOT NULL;
-- With the state, so that counting reads the index alone.
CREATE INDEX sim_transaction_by_sender ON sim_transaction (book, network, sender, state) WHERE sender IS NOT NULL;

CREATE TABLE sim_point (
    book INTEGER NOT NULL,
    -- A keyed hash of network and point: an output, or a nonce of an account.
    id BLOB NOT NULL,
    -- The transaction that uses it.
    consumer TEXT,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- What the transactions in blocks have moved, in minor units.
CREATE TABLE sim_entry (
    book INTEGER NOT NULL,
    network TEXT NOT NULL,
    height INTEGER NOT NULL,
    place INTEGER NOT NULL,
    line INTEGER NOT NULL,
    hash TEXT NOT NULL,
    -- Which of the transaction's transfers it is; none where it is none.
    output INTEGER,
    address TEXT NOT NULL,
    sender TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (book, network, height, place, line)
) WITHOUT ROWID;

-- With the amount, so that a sum reads the index alone.
CREATE INDEX sim_entry_by_address ON sim_entry (book, network, address, currency, amount);

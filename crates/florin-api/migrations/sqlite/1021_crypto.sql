-- How far a book has followed a network, and what came in.

CREATE TABLE chain_cursor (
    book INTEGER NOT NULL,
    -- A keyed hash of the network.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    -- The last blocks that were seen, oldest first, as JSON.
    blocks BLOB NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Amounts are in minor units of the currency.
CREATE TABLE crypto_deposit (
    book INTEGER NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    hash TEXT NOT NULL,
    output INTEGER NOT NULL,
    address TEXT NOT NULL,
    -- Who sent it, where the chain says so.
    sender TEXT,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL,
    -- The block that has it; none while none has.
    height INTEGER,
    -- Who sent it, by the travel rule, under the holder's key.
    sealed BLOB,
    -- What it pays, where its address was made for that: an order.
    pays BLOB,
    created_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX crypto_deposit_by_holder ON crypto_deposit (book, holder);
-- A block that leaves the chain takes its deposits with it.
CREATE INDEX crypto_deposit_by_block ON crypto_deposit (book, network, height);
-- What waits for its confirmations.
CREATE INDEX crypto_deposit_seen ON crypto_deposit (book, network, height) WHERE state = 'SEEN';
-- What pays an order.
CREATE INDEX crypto_deposit_of_order ON crypto_deposit (book, pays, created_at, id) WHERE pays IS NOT NULL;
-- What waits for a person.
CREATE INDEX crypto_deposit_waiting ON crypto_deposit (book, created_at, id)
    WHERE state IN ('SANCTIONED', 'UNMATCHED', 'TOO_SMALL', 'UNEXPLAINED');

-- Whose an address is.
CREATE INDEX wallet_of_address ON wallet (book, address);

-- Addresses that were made for one purpose.
CREATE TABLE chain_address (
    book INTEGER NOT NULL,
    -- A keyed hash of the address.
    id BLOB NOT NULL,
    address TEXT NOT NULL,
    -- What is paid there: anything else that comes is the partner's.
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    -- Where its key is derived, on the house's branch.
    number INTEGER NOT NULL,
    -- What it is for: an order.
    pays BLOB NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- The last number on the house's branch that was given out. 0 is the hot wallet.
CREATE TABLE chain_number (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    last INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

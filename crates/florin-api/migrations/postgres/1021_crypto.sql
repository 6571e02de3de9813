-- How far a book has followed a network, and what came in.

CREATE TABLE chain_cursor (
    book BIGINT NOT NULL,
    -- A keyed hash of the network.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    -- The last blocks that were seen, oldest first, as JSON.
    blocks BYTEA NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- Amounts are in minor units of the currency.
CREATE TABLE crypto_deposit (
    book BIGINT NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    output BIGINT NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    -- Who sent it, where the chain says so.
    sender TEXT COLLATE "C",
    amount BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- The block that has it; none while none has.
    height BIGINT,
    -- Who sent it, by the travel rule, under the holder's key.
    sealed BYTEA,
    -- What it pays, where its address was made for that: an order.
    pays BYTEA,
    created_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

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
    book BIGINT NOT NULL,
    -- A keyed hash of the address.
    id BYTEA NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    -- What is paid there: anything else that comes is the partner's.
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    -- Where its key is derived, on the house's branch.
    number BIGINT NOT NULL,
    -- What it is for: an order.
    pays BYTEA NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- The last number on the house's branch that was given out. 0 is the hot wallet.
CREATE TABLE chain_number (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    last BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

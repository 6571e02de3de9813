-- Withdrawals to chains, and what pays them: the transactions, outputs and numbers of the book's own hot wallet.

-- Amounts are in minor units of the currency.
CREATE TABLE crypto_withdrawal (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    holder INTEGER NOT NULL,
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    amount INTEGER NOT NULL,
    -- The service fee.
    fee INTEGER NOT NULL,
    -- The network's fee, as it was held.
    network_fee INTEGER NOT NULL,
    state TEXT NOT NULL,
    -- Why it waits, and why it failed.
    waits TEXT,
    failure TEXT,
    -- Address, receiver and the travel rule's data, under the holder's key.
    sealed BLOB,
    -- The newest transaction that pays it; the one that is in the chain, once one is.
    hash TEXT,
    -- The block that has it; none while none has.
    height INTEGER,
    confirmations INTEGER NOT NULL,
    -- The deposit that goes back by it.
    returns BLOB,
    created_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX crypto_withdrawal_by_holder ON crypto_withdrawal (book, holder);
-- What waits for a person.
CREATE INDEX crypto_withdrawal_waiting ON crypto_withdrawal (book, created_at, id)
    WHERE state IN ('HELD', 'APPROVAL');

-- A signed transaction. A withdrawal can have several, of which one is ever in the chain.
CREATE TABLE chain_try (
    book INTEGER NOT NULL,
    -- A keyed hash of network and transaction.
    id BLOB NOT NULL,
    withdrawal BLOB NOT NULL,
    network TEXT NOT NULL,
    hash TEXT NOT NULL,
    -- As nodes take it.
    raw TEXT NOT NULL,
    -- What it spends, as JSON.
    plan BLOB NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    -- What it costs at most, in minor units of the chain's coin, and what it has cost.
    fee INTEGER NOT NULL,
    paid INTEGER,
    -- What of that is in the books; with it the withdrawal was settled, or failed.
    booked INTEGER,
    state TEXT NOT NULL,
    height INTEGER,
    made_at INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX chain_try_by_withdrawal ON chain_try (book, withdrawal, made_at);
CREATE INDEX chain_try_open ON chain_try (book, network, made_at)
    WHERE state IN ('SIGNED', 'SENT', 'INCLUDED', 'REVERTED');

-- An output of ours.
CREATE TABLE chain_coin (
    book INTEGER NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    hash TEXT NOT NULL,
    output INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    -- Where its key is derived: the branch (0 holders, 1 house) and the number on it.
    branch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    -- The block that has it; none while none has.
    height INTEGER,
    -- The withdrawal that it pays.
    spent_by BLOB,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX chain_coin_free ON chain_coin (book, network, amount) WHERE spent_by IS NULL;
CREATE INDEX chain_coin_by_block ON chain_coin (book, network, height);
CREATE INDEX chain_coin_by_withdrawal ON chain_coin (book, spent_by);

-- Money of the house that somebody paid to the hot wallet.
CREATE TABLE chain_top_up (
    book INTEGER NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    hash TEXT NOT NULL,
    output INTEGER NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    -- The block that has it; none while none has, and then it is not booked.
    height INTEGER,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

CREATE INDEX chain_top_up_by_block ON chain_top_up (book, network, height);

-- The number of the hot wallet's next transaction.
CREATE TABLE chain_nonce (
    book INTEGER NOT NULL,
    -- A keyed hash of the network.
    id BLOB NOT NULL,
    network TEXT NOT NULL,
    next INTEGER NOT NULL,
    -- A higher one that a node said, and the newest block then that counted as being in the chain.
    ahead INTEGER,
    since INTEGER,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

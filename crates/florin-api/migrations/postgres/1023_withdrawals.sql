-- Withdrawals to chains, and what pays them: the transactions, outputs and numbers of the book's own hot wallet.

-- Amounts are in minor units of the currency.
CREATE TABLE crypto_withdrawal (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    holder BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    -- The service fee.
    fee BIGINT NOT NULL,
    -- The network's fee, as it was held.
    network_fee BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    -- Why it waits, and why it failed.
    waits TEXT COLLATE "C",
    failure TEXT COLLATE "C",
    -- Address, receiver and the travel rule's data, under the holder's key.
    sealed BYTEA,
    -- The newest transaction that pays it; the one that is in the chain, once one is.
    hash TEXT COLLATE "C",
    -- The block that has it; none while none has.
    height BIGINT,
    confirmations BIGINT NOT NULL,
    -- The deposit that goes back by it.
    returns BYTEA,
    created_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX crypto_withdrawal_by_holder ON crypto_withdrawal (book, holder);
-- What waits for a person.
CREATE INDEX crypto_withdrawal_waiting ON crypto_withdrawal (book, created_at, id)
    WHERE state IN ('HELD', 'APPROVAL');

-- A signed transaction. A withdrawal can have several, of which one is ever in the chain.
CREATE TABLE chain_try (
    book BIGINT NOT NULL,
    -- A keyed hash of network and transaction.
    id BYTEA NOT NULL,
    withdrawal BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    -- As nodes take it.
    raw TEXT COLLATE "C" NOT NULL,
    -- What it spends, as JSON.
    plan BYTEA NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    -- What it costs at most, in minor units of the chain's coin, and what it has cost.
    fee BIGINT NOT NULL,
    paid BIGINT,
    -- What of that is in the books; with it the withdrawal was settled, or failed.
    booked BIGINT,
    state TEXT COLLATE "C" NOT NULL,
    height BIGINT,
    made_at BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX chain_try_by_withdrawal ON chain_try (book, withdrawal, made_at);
CREATE INDEX chain_try_open ON chain_try (book, network, made_at)
    WHERE state IN ('SIGNED', 'SENT', 'INCLUDED', 'REVERTED');

-- An output of ours.
CREATE TABLE chain_coin (
    book BIGINT NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    output BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    -- Where its key is derived: the branch (0 holders, 1 house) and the number on it.
    branch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    -- The block that has it; none while none has.
    height BIGINT,
    -- The withdrawal that it pays.
    spent_by BYTEA,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX chain_coin_free ON chain_coin (book, network, amount) WHERE spent_by IS NULL;
CREATE INDEX chain_coin_by_block ON chain_coin (book, network, height);
CREATE INDEX chain_coin_by_withdrawal ON chain_coin (book, spent_by);

-- Money of the house that somebody paid to the hot wallet.
CREATE TABLE chain_top_up (
    book BIGINT NOT NULL,
    -- A keyed hash of network, transaction and output.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    output BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    -- The block that has it; none while none has, and then it is not booked.
    height BIGINT,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

CREATE INDEX chain_top_up_by_block ON chain_top_up (book, network, height);

-- The number of the hot wallet's next transaction.
CREATE TABLE chain_nonce (
    book BIGINT NOT NULL,
    -- A keyed hash of the network.
    id BYTEA NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    next BIGINT NOT NULL,
    -- A higher one that a node said, and the newest block then that counted as being in the chain.
    ahead BIGINT,
    since BIGINT,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- Wallets: a currency on a network, of one holder, and the address at which it is paid.

CREATE TABLE wallet (
    id BYTEA NOT NULL PRIMARY KEY,
    book BIGINT NOT NULL,
    holder BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seal BYTEA
);

CREATE UNIQUE INDEX wallet_of_holder ON wallet (holder, currency, network);

-- The first that was made tells whether the seed is still the same.
CREATE INDEX wallet_age ON wallet (created_at, id);

-- Wallets: a currency on a network, of one holder, and the address at which it is paid.

CREATE TABLE wallet (
    id BLOB NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    currency TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seal BLOB
) WITHOUT ROWID;

CREATE UNIQUE INDEX wallet_of_holder ON wallet (holder, currency, network);

-- The first that was made tells whether the seed is still the same.
CREATE INDEX wallet_age ON wallet (created_at, id);

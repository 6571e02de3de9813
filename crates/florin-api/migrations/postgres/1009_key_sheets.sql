-- Sheets of slots in the vault: with one of them a user's key is wrapped. The slots themselves are never here.

CREATE TABLE key_sheet (
    id BYTEA NOT NULL PRIMARY KEY,
    made_at BIGINT NOT NULL,
    -- How many slots were given to processes.
    used BIGINT NOT NULL
);

-- Slots that erasures have overwritten, or are about to: a vault that was restored is overwritten again.
CREATE TABLE erased_slot (
    sheet BYTEA NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (sheet, number)
);

-- No two users share a slot: what names it is in front of a wrapped key that has one. A server that goes on after a
-- failover to a replica, which has lost a reservation, fails to create a user instead.
CREATE UNIQUE INDEX holder_slot ON holder (substr(secret, 1, 19)) WHERE length(secret) = 91;

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

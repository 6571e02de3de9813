-- Sheets of slots in the vault: with one of them a user's key is wrapped. The slots themselves are never here.

CREATE TABLE key_sheet (
    id BLOB NOT NULL PRIMARY KEY,
    made_at INTEGER NOT NULL,
    -- How many slots were given to processes.
    used INTEGER NOT NULL
) WITHOUT ROWID;

-- Slots that erasures have overwritten, or are about to: a vault that was restored is overwritten again.
CREATE TABLE erased_slot (
    sheet BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (sheet, number)
) WITHOUT ROWID;

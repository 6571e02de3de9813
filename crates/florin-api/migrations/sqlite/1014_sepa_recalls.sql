-- Instant payments, and recalls: a bank asks for the money of a payment back.

-- How a transfer was asked to go.
ALTER TABLE sepa_transfer ADD COLUMN requested TEXT NOT NULL DEFAULT 'STANDARD';
-- Why the bank refused an instant one, where a standard one followed: a reason code of ISO 20022.
ALTER TABLE sepa_transfer ADD COLUMN fell_back TEXT;
-- The newest recall.
ALTER TABLE sepa_transfer ADD COLUMN recall BLOB;
ALTER TABLE sepa_deposit ADD COLUMN recall BLOB;

-- What a message made: a recall names the message that brought the money.
ALTER TABLE inbox ADD COLUMN made BLOB;

CREATE TABLE sepa_recall (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    direction TEXT NOT NULL,
    -- Whose money it is; none where nobody knows.
    holder INTEGER,
    -- The deposit or the transfer; none for a payment that never came.
    payment BLOB,
    -- Cents.
    amount INTEGER NOT NULL,
    -- Why it is asked for, and why it was refused: reason codes of ISO 20022.
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    answer TEXT,
    -- The id of the bank's message that asked.
    message TEXT,
    -- How far what we have to say to the bank is.
    sending TEXT,
    -- The asking bank's words, under the holder's key; where there is none, under the partner's.
    sealed BLOB,
    created_at INTEGER NOT NULL,
    answer_by INTEGER NOT NULL,
    seal BLOB,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Erasing a user empties its rows; a user whose money is asked for stays.
CREATE INDEX sepa_recall_by_holder ON sepa_recall (book, holder);

-- Instant payments, and recalls: a bank asks for the money of a payment back.

-- How a transfer was asked to go.
ALTER TABLE sepa_transfer ADD COLUMN requested TEXT COLLATE "C" NOT NULL DEFAULT 'STANDARD';
-- Why the bank refused an instant one, where a standard one followed: a reason code of ISO 20022.
ALTER TABLE sepa_transfer ADD COLUMN fell_back TEXT COLLATE "C";
-- The newest recall.
ALTER TABLE sepa_transfer ADD COLUMN recall BYTEA;
ALTER TABLE sepa_deposit ADD COLUMN recall BYTEA;

-- What a message made: a recall names the message that brought the money.
ALTER TABLE inbox ADD COLUMN made BYTEA;

CREATE TABLE sepa_recall (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    direction TEXT COLLATE "C" NOT NULL,
    -- Whose money it is; none where nobody knows.
    holder BIGINT,
    -- The deposit or the transfer; none for a payment that never came.
    payment BYTEA,
    -- Cents.
    amount BIGINT NOT NULL,
    -- Why it is asked for, and why it was refused: reason codes of ISO 20022.
    reason TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    answer TEXT COLLATE "C",
    -- The id of the bank's message that asked.
    message TEXT COLLATE "C",
    -- How far what we have to say to the bank is.
    sending TEXT COLLATE "C",
    -- The asking bank's words, under the holder's key; where there is none, under the partner's.
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    answer_by BIGINT NOT NULL,
    seal BYTEA,
    PRIMARY KEY (book, id)
);

-- Erasing a user empties its rows; a user whose money is asked for stays.
CREATE INDEX sepa_recall_by_holder ON sepa_recall (book, holder);

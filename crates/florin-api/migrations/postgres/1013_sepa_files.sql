-- Payments that go to the bank in files. A file's number is used once, for ever.

CREATE TABLE sepa_file (
    number BIGINT NOT NULL PRIMARY KEY,
    state TEXT COLLATE "C" NOT NULL,
    -- The time that its content depends on, once it is written.
    created_at BIGINT NOT NULL,
    -- Its name in the staging folder, once it is written.
    staged TEXT COLLATE "C",
    payments BIGINT NOT NULL,
    -- Cents.
    amount BIGINT NOT NULL
);

-- The one process that works on files.
CREATE TABLE sepa_lease (
    id BIGINT NOT NULL PRIMARY KEY,
    owner BYTEA NOT NULL,
    until BIGINT NOT NULL
);

INSERT INTO sepa_lease (id, owner, until) VALUES (1, '\x00', 0);

-- None where payments go one by one. 0 while it waits for a file, or if it failed before it was in one. Else the file's
-- number.
ALTER TABLE sepa_transfer ADD COLUMN file BIGINT;

CREATE INDEX sepa_transfer_waiting ON sepa_transfer (book, created_at, id) WHERE file = 0 AND state = 'HELD';
CREATE INDEX sepa_transfer_by_file ON sepa_transfer (file, book, id) WHERE file > 0;
-- What the bank says about a payment has its id alone.
CREATE INDEX sepa_transfer_of_files ON sepa_transfer (id) WHERE file >= 0;

-- What the bank has booked, as far as its messages of the kind that books were read.
CREATE TABLE sepa_booking (
    book BIGINT NOT NULL,
    -- That of the message in the inbox.
    id BYTEA NOT NULL,
    -- Which kind of message told it.
    kind TEXT COLLATE "C" NOT NULL,
    -- A hash of the file that told it.
    message BYTEA NOT NULL,
    -- The day of booking.
    day TEXT COLLATE "C" NOT NULL,
    -- Cents; negative where the account lost them.
    amount BIGINT NOT NULL,
    -- The payment of ours that it is about.
    payment BYTEA,
    -- The bank's references of the booking and of its entry.
    reference TEXT COLLATE "C",
    entry TEXT COLLATE "C",
    -- Keyed hashes of end-to-end id, sender and title.
    marks BYTEA NOT NULL,
    -- Whether the settlement account has it: 0 while it waits for a person.
    booked BIGINT NOT NULL,
    -- Whether a person booked it from a statement.
    by_operator BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE INDEX sepa_booking_by_day ON sepa_booking (kind, day);
CREATE INDEX sepa_booking_by_operator ON sepa_booking (day, amount) WHERE by_operator = 1;
CREATE INDEX sepa_booking_of_payment ON sepa_booking (payment) WHERE payment IS NOT NULL;

-- Payments that were put into a file and could not be read when it was written: the file does not have them.

CREATE TABLE sepa_left_out (
    book INTEGER NOT NULL,
    payment BLOB NOT NULL,
    file INTEGER NOT NULL,
    PRIMARY KEY (book, payment, file)
) WITHOUT ROWID;

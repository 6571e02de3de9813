-- Payments that were put into a file and could not be read when it was written: the file does not have them.

CREATE TABLE sepa_left_out (
    book BIGINT NOT NULL,
    payment BYTEA NOT NULL,
    file BIGINT NOT NULL,
    PRIMARY KEY (book, payment, file)
);

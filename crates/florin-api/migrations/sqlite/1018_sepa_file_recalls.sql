-- Recalls over files: by what a recall names the payment that it asks for.

-- Keyed hashes of the first bank's reference and of the unique reference of a booking; none of what was not given.
ALTER TABLE sepa_booking ADD COLUMN transaction_mark BLOB;
ALTER TABLE sepa_booking ADD COLUMN uetr_mark BLOB;

CREATE INDEX sepa_booking_by_transaction ON sepa_booking (transaction_mark) WHERE transaction_mark IS NOT NULL;
CREATE INDEX sepa_booking_by_uetr ON sepa_booking (uetr_mark) WHERE uetr_mark IS NOT NULL;
-- The first of the marks is that of the end-to-end id.
CREATE INDEX sepa_booking_by_end_to_end_id ON sepa_booking (substr(marks, 1, 8));

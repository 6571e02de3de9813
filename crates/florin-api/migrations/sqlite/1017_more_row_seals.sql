-- Seals of more rows that decide where money goes: see florin-store's seal.rs.

ALTER TABLE partner_terms ADD COLUMN seal BLOB;
ALTER TABLE sepa_contact ADD COLUMN seal BLOB;
ALTER TABLE sepa_transfer ADD COLUMN seal BLOB;
ALTER TABLE sepa_deposit ADD COLUMN seal BLOB;
ALTER TABLE inbox ADD COLUMN seal BLOB;

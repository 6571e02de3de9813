-- Seals of more rows that decide where money goes: see florin-store's seal.rs.

ALTER TABLE partner_terms ADD COLUMN seal BYTEA;
ALTER TABLE sepa_contact ADD COLUMN seal BYTEA;
ALTER TABLE sepa_transfer ADD COLUMN seal BYTEA;
ALTER TABLE sepa_deposit ADD COLUMN seal BYTEA;
ALTER TABLE inbox ADD COLUMN seal BYTEA;

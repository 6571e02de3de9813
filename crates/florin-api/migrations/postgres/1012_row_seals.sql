-- Seals of the rows that decide who may call, who is who, and where money and events go: see florin-store's seal.rs. Rows
-- from before are sealed once, at the next start.

ALTER TABLE partner ADD COLUMN seal BYTEA;
ALTER TABLE bank_account ADD COLUMN seal BYTEA;
ALTER TABLE verification ADD COLUMN seal BYTEA;
ALTER TABLE poa ADD COLUMN seal BYTEA;
ALTER TABLE webhook_endpoint ADD COLUMN seal BYTEA;

-- Keys get an id by which an operator names them, an end, and their last use. `hash` becomes a keyed hash over what it
-- was; the id of a key from before is the first half of that.
ALTER TABLE api_key ADD COLUMN id BYTEA;
ALTER TABLE api_key ADD COLUMN expires_at BIGINT;
-- Not sealed, and some minutes old.
ALTER TABLE api_key ADD COLUMN used_at BIGINT;
ALTER TABLE api_key ADD COLUMN seal BYTEA;
UPDATE api_key SET id = substring(hash FROM 1 FOR 16);
ALTER TABLE api_key DROP CONSTRAINT api_key_pkey;
ALTER TABLE api_key ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
CREATE INDEX api_key_partner ON api_key (partner);

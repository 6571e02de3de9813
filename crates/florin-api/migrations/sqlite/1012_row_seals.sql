-- Seals of the rows that decide who may call, who is who, and where money and events go: see florin-store's seal.rs. Rows
-- from before are sealed once, at the next start.

ALTER TABLE partner ADD COLUMN seal BLOB;
ALTER TABLE bank_account ADD COLUMN seal BLOB;
ALTER TABLE verification ADD COLUMN seal BLOB;
ALTER TABLE poa ADD COLUMN seal BLOB;
ALTER TABLE webhook_endpoint ADD COLUMN seal BLOB;

-- Keys get an id by which an operator names them, an end, and their last use. `hash` becomes a keyed hash over what it
-- was; the id of a key from before is the first half of that.
CREATE TABLE key_with_id (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    partner BLOB NOT NULL REFERENCES partner (id),
    allowed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    -- Not sealed, and some minutes old.
    used_at INTEGER,
    seal BLOB
) WITHOUT ROWID;
INSERT INTO key_with_id (id, hash, partner, allowed, created_at, revoked_at)
    SELECT substr(hash, 1, 16), hash, partner, allowed, created_at, revoked_at FROM api_key;
DROP TABLE api_key;
ALTER TABLE key_with_id RENAME TO api_key;
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
CREATE INDEX api_key_partner ON api_key (partner);

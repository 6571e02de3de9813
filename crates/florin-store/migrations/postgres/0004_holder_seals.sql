-- A keyed hash over each holder's row: see seal.rs. Rows from before are sealed once, at the next start.

ALTER TABLE holder ADD COLUMN seal BYTEA;

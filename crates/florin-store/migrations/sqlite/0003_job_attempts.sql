-- A lease says whose it is, and attempts that began and have not ended are counted.

ALTER TABLE job ADD COLUMN owner BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE job ADD COLUMN open_attempts INTEGER NOT NULL DEFAULT 0;
-- Earlier versions lease for five minutes: what a killed one left does not wait for that.
UPDATE job SET leased_until = 0;

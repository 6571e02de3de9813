-- Jobs that take seconds stand in a lane of their own, and are leased by the process that works on one.

ALTER TABLE job ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
DROP INDEX job_run_at;
CREATE INDEX job_due ON job (lane, run_at);

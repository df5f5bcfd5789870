-- Jobs that run at times, and their runs.

-- `config` is the configuration file that declares the job. `schedule` tells one schedule from another;
-- `next_ms` is the first time that nobody has taken yet.
CREATE TABLE cron_jobs (
    config    TEXT NOT NULL,
    name      TEXT NOT NULL,
    schedule  TEXT NOT NULL,
    anchor_ms INTEGER NOT NULL,
    next_ms   INTEGER NOT NULL,
    PRIMARY KEY (config, name)
) STRICT, WITHOUT ROWID;

-- `instance` names the program that a run belongs to: it holds a lock on run/<instance>.lock.
-- Times that were missed share a row; its attempt is 0.
CREATE TABLE cron_runs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    config         TEXT NOT NULL,
    job            TEXT NOT NULL,
    slot_ms        INTEGER NOT NULL,
    attempt        INTEGER NOT NULL,
    manual         INTEGER NOT NULL,
    state          TEXT NOT NULL,
    missed         INTEGER NOT NULL,
    instance       TEXT NOT NULL,
    pid            INTEGER NOT NULL,
    started_ms     INTEGER,
    ended_ms       INTEGER,
    error          TEXT,
    output         TEXT,
    delivery_error TEXT
) STRICT;

-- No time is taken twice.
CREATE UNIQUE INDEX cron_runs_slot ON cron_runs (config, job, slot_ms, attempt) WHERE manual = 0;
CREATE INDEX cron_runs_job ON cron_runs (config, job);
-- Empty, or nearly so.
CREATE INDEX cron_runs_open ON cron_runs (config, job) WHERE state IN ('queued', 'running');

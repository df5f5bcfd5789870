-- Why a run is for another time than its schedule says: the zone of the machine was another one when it
-- was planned. On a job, for its next run.
ALTER TABLE cron_jobs ADD COLUMN note TEXT;
ALTER TABLE cron_runs ADD COLUMN note TEXT;

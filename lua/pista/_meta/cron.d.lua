---@meta pista.cron

---Declares a job that runs at times, as long as a program stays (the REPL does). A time is run once,
---also when several programs share the database, and is not forgotten when none runs: `missed` says
---what becomes of it then. What the function returns, or the agent answers, goes to `to`.
---`openpista cron list` shows when each job is due, `openpista cron history` what became of it.
---
---A local time that is left out when clocks are put forward is run at the first moment after. One
---that comes twice is run once, or twice where the second, minute or hour begins with `*`.
---
---All runs of a job share one conversation. Each run sees only its own messages.
---
---    pista.cron("digest", { at = "0 8 * * mon-fri", tz = "Asia/Seoul", missed = "once", to = "repl:me" },
---      function(ctx) return (pista.ask_agent("main", "What has changed on this machine since yesterday?")) end)
---    pista.cron("beat", { every = "10m" }, function(ctx) pista.log.info("alive", { missed = ctx.missed }) end)
---    pista.cron("joke", { at = "@daily", prompt = "Tell a joke.", to = "repl:me" })
---@param name string
---@param options pista.CronOptions
---@param fn? fun(ctx: pista.CronRun): any Text is delivered as it is, anything else as JSON, nil not at all.
function pista.cron(name, options, fn) end

---@class pista.CronOptions
---@field at? string Minute, hour, day of the month, month, day of the week; with six fields the second comes first. Or `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`.
---@field every? string|integer Instead of `at`: `"10m"`, `"1h30m"`, or whole seconds, from 1 up; counted from when the job was first seen.
---@field tz? string The IANA time zone that `at` is read in; else the machine's, also after that was changed.
---@field missed? "skip"|"once"|"all" Times at which no program ran: noted only (the default), made up for by one run, or each by one. Also whether a run that was cut off is tried again.
---@field overlap? "skip"|"queue" A time at which the job runs still: noted only (the default), or run afterwards.
---@field timeout? number Seconds that a run may take, default 300; of a function its own, without what it calls that has a time of its own.
---@field to? string Where the text goes, `channel:conversation`.
---@field prompt? string Asked in place of a function.
---@field agent? string Who answers `prompt`; else the default agent.

---What a job's function gets.
---@class pista.CronRun
---@field job string
---@field scheduled number The time that the run is for, in seconds since 1970.
---@field started number When it began.
---@field missed integer How many missed times it makes up for.
---@field attempt integer 1, or more after tries that were cut off.
---@field manual boolean A person asked for it: `openpista cron run`.

---@class pista.HookedRun: pista.Context
---@field job string
---@field scheduled number

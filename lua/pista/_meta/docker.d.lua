---@meta pista.docker

---Containers by Docker, one for each task.
---@class pista.docker
pista.docker = {}

---Runs a command in a fresh container of a profile declared with `pista.sandbox`, and removes it. A
---command that failed, or reached a limit, is a result, too: `exit` tells. What did not run raises; so
---does an engine that is lost meanwhile, and `err.data` then has what was printed until then.
---
---    local out = pista.docker.run { profile = "build", command = "cc -o x x.c", timeout = 60 }
---    if out.exit == "done" then print(out.stdout) end
---@param args pista.ContainerTask
---@return pista.ContainerResult
function pista.docker.run(args) end

---Has a worker do a task, or run a command: this program in a fresh container of a profile, without a
---network and without keys. Its agent asks the models of the engine, on the account of the turn that
---the handler runs in, and has the tools that it is given, in its container. Each of its calls passes
---the policy of the agent, too. A worker that failed, or reached a limit, is a result: `exit` and
---`problem` tell. `docs/workers.md` tells more.
---
---    local out = pista.docker.worker {
---      profile = "build", task = "Which of the tests in /workspace fail, and why?", tools = { "fs.*", "system.run" },
---    }
---    print(out.text or out.problem)
---@param args pista.WorkerTask
---@return pista.WorkerResult
function pista.docker.worker(args) end

---@class pista.WorkerTask
---@field profile? string Needed where there are several.
---@field task? string What is to be done, and what is to be answered.
---@field command? string[] Instead of a task: a program and its arguments. What it prints is told as it comes.
---@field stdin? string What the command reads.
---@field tools? string[] Names, or patterns such as `fs.*`. Default: the tools that only look.
---@field timeout? number Seconds, at most 3600 or what the profile says. Default: that of the profile, else 600.

---@class pista.WorkerResult
---@field profile string
---@field exit "done"|"failed"|"timed_out"|"out_of_memory"|"cancelled"
---@field timed_out boolean
---@field out_of_memory boolean Whether anything in it was killed for want of memory.
---@field duration_ms integer
---@field problem? string Why there is no answer, or no end of the command's own.
---@field text? string The closing words of its agent.
---@field rounds? integer How many rounds of tool calls there were.
---@field exit_code? integer Of a command that ended by itself.
---@field stdout? string Of a command: what it printed, also until it was killed.
---@field stderr? string The same.
---@field truncated? boolean Whether a part of either is left out; a mark in it says how much.
---@field spill? string The file that has all of `stdout` then.
---@field spill_stderr? string The same of `stderr`.

---@class pista.ContainerTask
---@field profile? string Needed where there are several.
---@field argv? string[] The program and its arguments.
---@field command? string Instead of `argv`: a line for the container's sh.
---@field stdin? string
---@field timeout? number Seconds, at most the setting `max_tool_timeout` or what the profile says. Default: that of the profile, else 120. As long again an image may take that has to be pulled first.

---@class pista.ContainerResult
---@field exit "done"|"failed"|"timed_out"|"out_of_memory"|"cancelled"
---@field exit_code? integer Where it ended by itself.
---@field timed_out boolean
---@field out_of_memory boolean Whether anything in it was killed for want of memory.
---@field stdout string What it printed, also until it was killed.
---@field stderr string
---@field truncated boolean Whether a part of either is left out; a mark in it says how much.
---@field spill? string The file that has all of `stdout` then.
---@field spill_stderr? string The same of `stderr`.
---@field duration_ms integer
---@field place "container"|"process"

---@meta pista.docker

---Containers by Docker, one for each task.
---@class pista.docker
pista.docker = {}

---Runs a command in a fresh container of a profile declared with `pista.sandbox`, and removes it. A
---command that ran and failed is a result, too.
---
---    local out = pista.docker.run { profile = "build", command = "cc -o x x.c", timeout = 60 }
---    if out.exit == "done" then print(out.stdout) end
---@param args pista.ContainerTask
---@return pista.ContainerResult
function pista.docker.run(args) end

---Has a worker do a task, or run a command: this program in a fresh container of a profile, without a
---network and without keys. Its agent asks the models of the engine, on the account of the turn that
---the handler runs in, and has the tools that it is given, in its container. Each of its calls passes
---the policy of the agent, too. `docs/workers.md` tells more.
---
---    local out = pista.docker.worker {
---      profile = "build", task = "Which of the tests in /workspace fail, and why?", tools = { "fs.*", "system.run" },
---    }
---    print(out.text)
---@param args pista.WorkerTask
---@return pista.WorkerResult
function pista.docker.worker(args) end

---@class pista.WorkerTask
---@field profile? string Needed where there are several.
---@field task? string What is to be done, and what is to be answered.
---@field command? string[] Instead of a task: a program and its arguments. What it prints is told as it comes.
---@field stdin? string What the command reads.
---@field tools? string[] Names, or patterns such as `fs.*`. Default: the tools that only look.
---@field timeout? number Seconds. Default: that of the profile, else 600.

---@class pista.WorkerResult
---@field profile string
---@field exit "done"|"failed"|"timed_out"|"out_of_memory"|"cancelled"
---@field timed_out boolean
---@field duration_ms integer
---@field text? string The closing words of its agent.
---@field rounds? integer How many rounds of tool calls there were.
---@field exit_code? integer Of a command.
---@field stdout? string Of a command.
---@field stderr? string Of a command.

---@class pista.ContainerTask
---@field profile? string Needed where there are several.
---@field argv? string[] The program and its arguments.
---@field command? string Instead of `argv`: a line for the container's sh.
---@field stdin? string
---@field timeout? number Seconds.

---@class pista.ContainerResult
---@field exit "done"|"failed"|"timed_out"|"out_of_memory"|"cancelled"
---@field exit_code? integer
---@field timed_out boolean
---@field out_of_memory boolean Whether anything in it was killed for want of memory.
---@field stdout string
---@field stderr string
---@field duration_ms integer
---@field place "container"|"process"

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

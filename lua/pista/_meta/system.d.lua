---@meta pista.system

---The machine, as the user: your own script acts in your name, so no rule is asked.
---@class pista.system
pista.system = {}

---Runs a command: a list of words without a shell, or a line for the shell. A command that ran and
---failed is a result, too; one that did not start, or was stopped at its time-out, raises. `err.data`
---then has what it printed until it was stopped.
---
---    local out = pista.system.run({ "df", "-Pk", "." }, { timeout = 5 })
---    if out.exit_code == 0 then print(out.stdout) end
---@param command string[]|string
---@param options? { cwd?: string, env?: table<string, string>, stdin?: string, timeout?: number }
---@return pista.CommandResult
function pista.system.run(command, options) end

---What is known of the machine.
---
---    local machine = pista.system.info()
---    print(machine.os, machine.cpus, machine.workspace)
---@return { os: string, arch: string, host: string, user: string, cpus: integer, uptime?: number, workspace: string } # `uptime` in seconds, where the system tells.
function pista.system.info() end

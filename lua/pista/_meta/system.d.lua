---@meta pista.system

---The machine, as the user: your own script acts in your name, so no rule is asked.
---@class pista.system
pista.system = {}

---Runs a command: a list of words without a shell, or a line for the shell. A command that ran and
---failed is a result, too; one that did not start, or was stopped at its time-out, raises.
---
---    local out = pista.system.run({ "df", "-Pk", "." }, { timeout = 5 })
---    if out.exit_code == 0 then print(out.stdout) end
---@param command string[]|string
---@param options? { cwd?: string, env?: table<string, string>, stdin?: string, timeout?: number }
---@return pista.CommandResult
function pista.system.run(command, options) end

---@meta pista.wasm

---WebAssembly modules, by the ABI of skills (`skills/README.md`).
---@class pista.wasm
pista.wasm = {}

---Runs a module. One that traps, or reaches a limit, is a result, too.
---
---    local out = pista.wasm.run { path = "hello.wasm", input = { args = { name = "Ada" } } }
---    if out.exit == "done" then print(out.result.content) end
---@param args pista.WasmTask
---@return pista.WasmResult
function pista.wasm.run(args) end

---@class pista.WasmTask
---@field path string The module; relative to the workspace.
---@field input? any What it gets, as JSON.
---@field workspace? boolean Whether it sees the workspace, read-only, as `/workspace`.
---@field timeout? number Seconds. Default: the setting `tool_timeout`.
---@field memory_mb? integer Default 64.
---@field fuel? integer Instructions, roughly; default: as many as its time allows.

---@class pista.WasmResult
---@field exit "done"|"failed"|"timed_out"|"out_of_memory"|"cancelled"
---@field result? any What it returned.
---@field problem? string Why it returned nothing.
---@field stdout string
---@field stderr string
---@field duration_ms integer

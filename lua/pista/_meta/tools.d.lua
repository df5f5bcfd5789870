---@meta pista.tools

---Tools, called for an agent: each call passes the agent's rules, the hooks and, where they ask, a
---person, as if the model had made it.
---@class pista.tools
pista.tools = {}

---Calls a tool. Inside a turn it is for that turn's agent, elsewhere for the default one. What the
---policy refuses is a result with `status = "denied"`.
---
---    local result = pista.tools.call("fs.read", { path = "notes.txt" })
---    if result.ok then pista.log.info(result.content) end
---@param name string
---@param args? table<string, any>
---@param options? { agent?: string }
---@return pista.ToolResult
function pista.tools.call(name, args, options) end

---The tools that there are, and what the agent may do with each in general.
---@param options? { agent?: string }
---@return pista.ToolListing[]
function pista.tools.list(options) end

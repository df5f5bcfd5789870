---@meta pista.hooks

---A message that comes in. `text`, `agent` and `session` can be changed; a session that isn't there
---begins under the name given.
---@class pista.HookedMessage: pista.Context
---@field text string

---A model about to be asked. `model` can be changed.
---@class pista.HookedModel: pista.Context
---@field model string `provider/model`; may be empty: the default one.
---@field round integer Rounds of tool calls so far in this turn.
---@field tools boolean Whether tools are on offer.
---@field estimated_input integer Tokens.

---What a model said. `text` can be changed.
---@class pista.HookedResponse: pista.Context
---@field text string
---@field model string
---@field calls { name: string, args: table }[] What it asks for.

---What a tool gave. `content` can be changed.
---@class pista.HookedResult: pista.Context
---@field name string
---@field args table
---@field status "ok"|"error"|"denied"
---@field content string
---@field meta table<string, any>

---A turn's answer, before it counts.
---@class pista.HookedAnswer: pista.Context
---@field text string
---@field attempt integer From 1.

---An answer on its way to the person. `text` can be changed.
---@class pista.HookedReply: pista.Context
---@field text string

---A message that leaves by a channel. `text` can be changed. Outside a turn `session` and `turn`
---are empty.
---@class pista.HookedOutbound: pista.Context
---@field text string
---@field to string `channel:conversation`.

---A call that a person would be asked about.
---@class pista.HookedQuestion: pista.Context
---@field name string
---@field args table
---@field reason string Which rule or hook asks.

---The older part of a conversation that has grown long.
---@class pista.HookedPast: pista.Context
---@field messages { role: string, content: string, name?: string }[] Oldest first.
---@field tokens integer What it takes, estimated.
---@field room integer What the whole conversation may take.

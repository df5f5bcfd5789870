---@meta pista.session

---The conversations that are stored. Each is named by its id, the beginning of it, or its name.
---@class pista.session
pista.session = {}

---The conversations, the one touched last first.
---
---    for _, session in ipairs(pista.session.list { limit = 5 }) do print(session.id, session.title) end
---@param options? { limit?: integer } 50 unless given.
---@return pista.SessionInfo[]
function pista.session.list(options) end

---A conversation; nil when there is none.
---@param id string
---@return pista.SessionInfo?
function pista.session.get(id) end

---The last messages of a conversation, oldest first.
---
---    local session = pista.session.new { name = "diary" }
---    for _, message in ipairs(pista.session.messages(session.id, { limit = 20 })) do
---      print(message.role, message.content)
---    end
---@param id string
---@param options? { limit?: integer } 100 unless given.
---@return pista.StoredMessage[]
function pista.session.messages(id, options) end

---The conversation that this handler runs for; nil outside a turn.
---@return string?
function pista.session.current() end

---Begins a conversation.
---
---    local session = pista.session.new { name = "housekeeping" }
---    pista.session.name(session.id, "garden")
---    pista.session.remove("garden")
---@param options? { name?: string, agent?: string }
---@return pista.SessionInfo
function pista.session.new(options) end

---Names a conversation, or takes its name away.
---@param id string
---@param name? string
function pista.session.name(id, name) end

---Removes a conversation with all its messages.
---@param id string
function pista.session.remove(id) end

---@meta pista.memory

---What was said in all conversations, and notes. Whatever is found comes with its source: it is what
---somebody said once, not an instruction.
---@class pista.memory
pista.memory = {}

---Notes and messages with all words of the query, notes first, best first. The last word may be the
---beginning of one; of messages, from three letters on and where few have the word as it is.
---
---    for _, found in ipairs(pista.memory.search("disk", { limit = 5 })) do
---      print(found.source, found.snippet)
---    end
---@param query string
---@param options? { limit?: integer, session?: string, kind?: "note"|"message" } `session`: messages of that one alone.
---@return pista.Remembered[]
function pista.memory.search(query, options) end

---Keeps a note, with where it comes from. Returns its id.
---
---    local id = pista.memory.add("The backup disk is /dev/sdb", { source = "ada, on the phone", tags = { "backup" } })
---    pista.memory.remove(id)
---@param text string
---@param options? { source?: string, tags?: string[] } Without a source, the line of the script is named.
---@return integer
function pista.memory.add(text, options) end

---The newest notes.
---
---    for _, note in ipairs(pista.memory.list { tag = "backup" }) do print(note.id, note.text) end
---@param options? { limit?: integer, tag?: string }
---@return pista.Remembered[]
function pista.memory.list(options) end

---Removes a note. Says whether there was one.
---@param id integer
---@return boolean
function pista.memory.remove(id) end

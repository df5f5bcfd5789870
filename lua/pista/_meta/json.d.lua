---@meta pista.json

---JSON. `null` in an object is an absent key; in an array it is `pista.json.null`.
---@class pista.json
pista.json = {}

---Stands for `null` where nil cannot: in arrays, and wherever `null` shall be written.
---@type lightuserdata
pista.json.null = nil

---Writes a value as JSON. A table with elements 1 to n is an array; an empty one is an object
---unless `pista.json.array` made it. Functions, circles and secrets are errors.
---@param value any
---@param pretty? boolean Over several lines.
---@return string
function pista.json.encode(value, pretty) end

---Reads JSON.
---@param text string
---@return any
function pista.json.decode(text) end

---Marks a table as an array, for when it is empty. Returns it.
---@generic T: table
---@param table T
---@return T
function pista.json.array(table) end

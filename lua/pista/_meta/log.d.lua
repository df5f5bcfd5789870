---@meta pista.log

---The engine's log. Each entry carries the line that wrote it.
---@class pista.log
pista.log = {}

---@param message string|number|boolean
---@param fields? table<string, any> Plain data that belongs to it.
function pista.log.debug(message, fields) end

---@param message string|number|boolean
---@param fields? table<string, any> Plain data that belongs to it.
function pista.log.info(message, fields) end

---@param message string|number|boolean
---@param fields? table<string, any> Plain data that belongs to it.
function pista.log.warn(message, fields) end

---@param message string|number|boolean
---@param fields? table<string, any> Plain data that belongs to it.
function pista.log.error(message, fields) end

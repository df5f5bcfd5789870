---@meta pista.standard

-- What of Lua's own is other than in the language server's books. `.luarc.json` leaves out what is not
-- there at all.

---@class pista.os
os = {}

---Processor time of the program, in seconds.
---@return number
function os.clock() end

---A time as text; with `"*t"`, or `"!*t"` for UTC, as a table. `pista.time.format` knows zones.
---@param format? string
---@param time? integer
---@return string|osdate
function os.date(format, time) end

---@param later integer
---@param earlier integer
---@return number
function os.difftime(later, earlier) end

---Seconds since 1970; of a table, that local time. `pista.time.now` has fractions.
---@param date? { year: integer, month: integer, day: integer, hour?: integer, min?: integer, sec?: integer, isdst?: boolean }
---@return integer
function os.time(date) end

---Ends a script that `openpista lua` runs; its `<close>` variables run. Not there elsewhere.
---@param code? integer|boolean
function os.exit(code) end

---Loads a module: a file beside `init.lua`, or below `lua/` there. `"lib.text"` is `lib/text.lua` or
---`lib/text/init.lua`.
---@param name string
---@return any
---@return string file
function require(name) end

---@class osdate
---@field year integer
---@field month integer
---@field day integer
---@field hour integer
---@field min integer
---@field sec integer
---@field wday integer
---@field yday integer
---@field isdst boolean

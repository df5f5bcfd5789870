-- The globals of a program that a model wrote: its tools as functions. Runs after the prelude.
--
-- A tool "fs.read" is `fs.read{...}`, and `fs_read{...}`, which is what models know it as. Where a
-- name is taken by the language, the tool is there as `tools.call(name, args)` alone.

local host = ...
local error, ipairs, rawget, rawset = error, ipairs, rawget, rawset
local select, setmetatable, tostring, type = select, setmetatable, tostring, type
local call, offered, globals = host.call, host.tools, _G

local failure = { __name = "error", __metatable = "error" }
function failure.__tostring(self) return tostring(rawget(self, "message")) end

local function run(tool, ...)
  local args = ...
  if select("#", ...) > 1 or (args ~= nil and type(args) ~= "table") then
    error("one table of named arguments is expected: " .. tool.signature, 2)
  end
  local ok, result, message = call(tool.name, args)
  if ok then return result end
  error(setmetatable({ tool = tool.name, status = result, message = message }, failure), 2)
end

-- What may be replaced or filled: tables and functions that were made here.
local ours = setmetatable({}, { __mode = "k" })

local function callable(f)
  local both = setmetatable({}, { __call = function(_, ...) return f(...) end, __metatable = "tool" })
  ours[both] = true
  return both
end

-- The table that `words` but the last lead to; nil where the way is taken.
local function group(words)
  local at = globals
  for i = 1, #words - 1 do
    local found = rawget(at, words[i])
    if found == nil then
      found = {}
      ours[found] = true
      rawset(at, words[i], found)
    elseif not ours[found] then
      return nil
    elseif type(found) == "function" then
      found = callable(found)
      rawset(at, words[i], found)
    end
    at = found
  end
  return at
end

local function find(name)
  for _, tool in ipairs(offered) do
    if tool.name == name then return tool end
  end
  for _, tool in ipairs(offered) do
    if tool.plain == name then return tool end
  end
  error(("there is no tool %q; tools.list() names those there are"):format(tostring(name)), 3)
end

local tools = {}
globals.tools = tools

function tools.call(name, ...) return run(find(name), ...) end

function tools.list()
  local list = {}
  for i, tool in ipairs(offered) do list[i] = tool.signature end
  return list
end

function tools.help(name)
  local tool = find(name)
  return tool.signature .. "\n" .. tool.description
end

local function put(tool)
  local words = tool.words
  local function f(...) return run(tool, ...) end
  ours[f] = true
  local at, last = group(words), words[#words]
  if at and rawget(at, last) == nil then rawset(at, last, f) end
  if rawget(globals, tool.plain) == nil then rawset(globals, tool.plain, f) end
end

-- A hyphen is written as `_` here. Where two tools have one name then, it is the one without the hyphen.
for _, hyphened in ipairs { false, true } do
  for _, tool in ipairs(offered) do
    if (tool.name:find("-", 1, true) ~= nil) == hyphened then put(tool) end
  end
end

require = nil

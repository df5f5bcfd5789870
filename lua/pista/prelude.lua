-- Makes the standard library safe to run under a deadline. Runs once in every VM, first.
--
-- The host stops a script by a hook that counts instructions. A hook cannot fire inside a C
-- function, inside a message handler that it raised into, or inside a finaliser. So: whatever
-- could spin in C is bounded or written in Lua here, coroutine bodies and message handlers run
-- under a pcall of their own, and finalisers are refused.
--
-- Everything used below is captured in locals: scripts may change the global tables.

local host = ...
local error, getmetatable, next, pcall, rawget = error, getmetatable, next, pcall, rawget
local rawlen, select = rawlen, select
local setmetatable, tostring, type, raw_load, raw_xpcall = setmetatable, tostring, type, load, xpcall
local coroutine, math, os, string, table = coroutine, math, os, string, table
local STOPPED, MAX_STRING, MAX_RANGE, MAX_SORT = host.stopped, host.max_string, host.max_range, host.max_sort

-- Functions from Rust answer `false, error` instead of raising, so that what is raised is plain.

local function finish(first, ...)
  if first == false then error((...), 2) end
  return first, ...
end

local function answer(ok, ...)
  if ok then return ... end
  error((...), 0)
end

-- For what a C function would say itself, had it been called by the script.
local function expected(value, kind, arg, name)
  if type(value) ~= kind and not (kind == "string" and type(value) == "number") then
    error(("bad argument #%d to '%s' (%s expected, got %s)"):format(arg, name, kind, type(value)), 3)
  end
end

-- coroutines ----------------------------------------------------------------------------------

local running, isyieldable = coroutine.running, coroutine.isyieldable
local raw_create, raw_wrap = coroutine.create, coroutine.wrap
local users = setmetatable({}, { __mode = "k" }) -- coroutines that scripts made

local function guarded(body, name)
  if type(body) ~= "function" then
    error(("bad argument #1 to '%s' (function expected, got %s)"):format(name, type(body)), 3)
  end
  return function(...)
    users[(running())] = true
    return answer(pcall(body, ...))
  end
end

function coroutine.create(body) return raw_create(guarded(body, "create")) end

function coroutine.wrap(body) return raw_wrap(guarded(body, "wrap")) end

-- errors --------------------------------------------------------------------------------------

function xpcall(f, handler, ...)
  return raw_xpcall(f, function(reason)
    if reason == STOPPED then return reason end
    local _, result = pcall(handler, reason)
    return result
  end, ...)
end

function _G.setmetatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("setmetatable: __gc is not available here; use a <close> variable", 2)
  end
  return setmetatable(t, meta)
end

-- loading -------------------------------------------------------------------------------------

local concat = table.concat

function load(chunk, name, mode, ...)
  if mode == "b" then return nil, "load: only text can be loaded" end
  if type(chunk) == "function" then
    local parts, size = {}, 0
    while true do
      local ok, part = pcall(chunk)
      if not ok then return nil, part end
      if part == nil or part == "" then break end
      if type(part) ~= "string" then return nil, "load: the reader must return strings" end
      parts[#parts + 1], size = part, size + #part
      if size > host.max_source then break end
    end
    chunk, name = concat(parts), name or "=(load)"
  end
  if type(chunk) == "string" and #chunk > host.max_source then
    return nil, "load: the text is longer than " .. host.max_source .. " bytes"
  end
  return raw_load(chunk, name, "t", ...)
end

local loaded, loading = {}, {}
local earlier, is_beside -- of a program: what the configuration loaded, and what it has itself

function require(name)
  local found = loaded[name]
  if found ~= nil then return found end
  if earlier and earlier[name] ~= nil and not is_beside(name) then return earlier[name] end
  if loading[name] then error(("require: module %q is still loading: a circle"):format(name), 2) end
  local chunk, where = host.find_module(name)
  if not chunk then error(where, 0) end
  loading[name] = true
  local done <close> = setmetatable({}, { __close = function() loading[name] = nil end })
  local result = chunk(name, where)
  if result == nil then result = true end
  if loaded[name] == nil then loaded[name] = result end
  return loaded[name], where
end

-- strings -------------------------------------------------------------------------------------

local find, match, gmatch, gsub, matches = host.find, host.match, host.gmatch, host.gsub, host.matches
local raw_rep, sub, tointeger = string.rep, string.sub, math.tointeger

function string.find(s, pattern, init, plain) return finish(find(s, pattern, init, plain)) end

function string.match(s, pattern, init) return finish(match(s, pattern, init)) end

function string.gmatch(s, pattern, init)
  local step, why = gmatch(s, pattern, init)
  if not step then error(why, 2) end
  return function() return finish(step()) end
end

-- One replacement of `string.gsub` by a table or a function.
local function replaced(s, replacement, by_table, start, stop, first, ...)
  local value
  if by_table then value = replacement[first] else value = replacement(first, ...) end
  if not value then return sub(s, start, stop) end
  local kind = type(value)
  if kind == "string" or kind == "number" then return tostring(value) end
  error(("invalid replacement value (a %s)"):format(kind), 0)
end

local function add(parts, s, from, replacement, by_table, start, ...)
  if not start then
    if start == false then error((...), 0) end
    return nil
  end
  local stop = ...
  parts[#parts + 1] = sub(s, from, start - 1)
  parts[#parts + 1] = replaced(s, replacement, by_table, start, ...)
  return stop + 1
end

function string.gsub(s, pattern, replacement, max)
  local kind = type(replacement)
  if kind ~= "table" and kind ~= "function" then return finish(gsub(s, pattern, replacement, max)) end
  local step, subject = matches(s, pattern, kind == "table")
  if not step then error(subject, 2) end
  local limit = max == nil and #subject + 1 or tointeger(max)
  if not limit then error("bad argument #4 to 'gsub' (number expected, got " .. type(max) .. ")", 2) end
  local parts, from, count = {}, 1, 0
  while count < limit do
    local after = add(parts, subject, from, replacement, kind == "table", step())
    if not after then break end
    from, count = after, count + 1
  end
  if count == 0 then return subject, 0 end
  parts[#parts + 1] = sub(subject, from)
  return concat(parts), count
end

function string.rep(s, n, separator)
  expected(s, "string", 1, "rep")
  local times = tointeger(n)
  if not times then expected(nil, "number", 2, "rep") end
  if times > 0 then
    local unit = #tostring(s) + (separator and #tostring(separator) or 0)
    if unit == 0 then return "" end
    if times > MAX_STRING // unit then error("string.rep: resulting string too large", 2) end
  end
  return raw_rep(s, n, separator)
end

string.dump = nil
getmetatable("").__metatable = "string"

-- tables --------------------------------------------------------------------------------------
-- The C functions serve tables without a metatable, whose length cannot change under them.

local raw_insert, raw_remove, raw_move, raw_sort = table.insert, table.remove, table.move, table.sort

local function plain(t) return getmetatable(t) == nil end

local function bounded(n, max, name)
  if n > max then error(("table.%s: more than %d elements"):format(name, max), 3) end
end

local function position(pos, size, name)
  local at = tointeger(pos)
  if not at then error(("bad argument #2 to '%s' (number expected, got %s)"):format(name, type(pos)), 3) end
  if at < 1 or at > size then error(("bad argument #2 to '%s' (position out of bounds)"):format(name), 3) end
  return at
end

function table.insert(t, ...)
  local count = select("#", ...)
  expected(t, "table", 1, "insert")
  if count < 1 or count > 2 then error("wrong number of arguments to 'insert'", 2) end
  if count == 1 then t[#t + 1] = (...) return end
  local pos, value = ...
  local size = #t + 1
  pos = position(pos, size, "insert")
  if plain(t) then
    bounded(size - pos, MAX_RANGE, "insert")
    return raw_insert(t, pos, value)
  end
  for i = size, pos + 1, -1 do t[i] = t[i - 1] end
  t[pos] = value
end

function table.remove(t, pos)
  expected(t, "table", 1, "remove")
  if plain(t) then
    bounded(rawlen(t), MAX_RANGE, "remove")
    if pos == nil then return raw_remove(t) end
    return raw_remove(t, pos)
  end
  local size = #t
  if pos == nil then pos = size elseif pos ~= size then pos = position(pos, size + 1, "remove") end
  local value = t[pos]
  for i = pos, size - 1 do t[i] = t[i + 1] end
  t[pos > size and pos or size] = nil
  return value
end

function table.move(from, first, last, to, target)
  expected(from, "table", 1, "move")
  local a, b = tointeger(first), tointeger(last)
  if a and b and b >= a and (b - a >= MAX_RANGE or b - a < 0) then bounded(MAX_RANGE + 1, MAX_RANGE, "move") end
  return raw_move(from, first, last, to, target)
end

function table.concat(t, separator, first, last)
  expected(t, "table", 1, "concat")
  if not plain(t) then
    local a, b = tointeger(first or 1), tointeger(last or #t)
    if a and b and b >= a and (b - a >= MAX_RANGE or b - a < 0) then bounded(MAX_RANGE + 1, MAX_RANGE, "concat") end
    return concat(t, separator, a, b)
  end
  return concat(t, separator, first, last)
end

function table.sort(t, before)
  expected(t, "table", 1, "sort")
  if plain(t) then
    bounded(rawlen(t), MAX_SORT, "sort")
    return raw_sort(t, before)
  end
  local copy, size = {}, #t
  bounded(size, MAX_SORT, "sort")
  for i = 1, size do copy[i] = t[i] end
  raw_sort(copy, before)
  for i = 1, size do t[i] = copy[i] end
end

-- the rest ------------------------------------------------------------------------------------

local raw_collect = collectgarbage
function collectgarbage(what)
  if what ~= "count" then error('collectgarbage: only "count" is available here', 2) end
  return raw_collect("count")
end

local kept = { time = true, date = true, clock = true, difftime = true }
if os then
  for name in pairs(os) do
    if not kept[name] then os[name] = nil end
  end
  function os.getenv() error("os.getenv is not available here; use pista.env(name)", 2) end
end

local write = host.print
function print(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
  write(concat(parts, "\t"))
end

dofile, loadfile, warn = nil, nil, nil

-- for the API ---------------------------------------------------------------------------------

-- Raises what a function from Rust reports.
function host.raising(f)
  return function(...) return answer(f(...)) end
end

-- The same for a function that waits: the engine can only wait for a handler as a whole.
function host.waiting(name, f)
  return function(...)
    if users[(running())] then error(name .. " can't be used inside a coroutine that the script made", 2) end
    if not isyieldable() then
      error(name .. " can't be used here: the caller (table.sort, a metamethod, …) can't wait", 2)
    end
    return answer(f(...))
  end
end

-- What hooks are called through: tables with fixed keys are made quickest here.
function host.call_prompt(hook, system, session, turn, agent, channel, user)
  return hook { system = system, session = session, turn = turn, agent = agent, channel = channel, user = user }
end

local kinds = { allow = 1, ask = 2, deny = 3, answer = 4 }

-- Answers nothing for no opinion, else a number and what belongs to it; 0 and what was returned
-- when that is no verdict.
function host.call_tool_call(hook, name, args, session, turn, agent, channel, user)
  local said = hook {
    name = name, args = args, session = session, turn = turn, agent = agent, channel = channel, user = user,
  }
  if said == nil then return nil end
  if type(said) ~= "table" then return 0, said end
  local kind = kinds[said.verdict]
  if kind == 2 then return 2, said end
  if kind == 3 then return 3, said.reason end
  if kind == 4 then return 4, said.result end
  if kind then return kind end
  return 5, said.args
end

-- So many people can be asked about one call.
local MOST_ASKED <const> = 16

-- The verdicts of hooks.
function host.verdicts(pista)
  local function reasoned(name, reason)
    if reason ~= nil and type(reason) ~= "string" then
      error(("pista.%s: the reason is a string, not a %s"):format(name, type(reason)), 3)
    end
    return { verdict = name, reason = reason }
  end

  function pista.allow() return { verdict = "allow" } end

  function pista.deny(reason) return reasoned("deny", reason) end

  function pista.drop(reason) return reasoned("drop", reason) end

  function pista.ask(options)
    if options == nil then return { verdict = "ask" } end
    if type(options) ~= "table" then
      error("pista.ask: the options are a table, not a " .. type(options), 2)
    end
    for key in next, options do
      if key ~= "to" and key ~= "timeout" then
        error(("pista.ask: unknown key %q (there is to, timeout)"):format(tostring(key)), 2)
      end
    end
    local to, timeout = options.to, options.timeout
    local several = type(to) == "table"
    if several and #to == 0 then error("pista.ask: to: the list is empty", 2) end
    local people = {}
    for n, address in ipairs(several and to or { to }) do
      if type(address) ~= "string" or not find(address, "^[%w_-]+:.") then
        error('pista.ask: to: an address is "channel:person", such as "telegram:123456"', 2)
      end
      people[n] = address
    end
    if #people > MOST_ASKED then error(("pista.ask: to: at most %d people"):format(MOST_ASKED), 2) end
    if several then to = people end
    if timeout ~= nil and not (type(timeout) == "number" and timeout > 0 and timeout <= 86400) then
      error("pista.ask: timeout: must be seconds, more than 0 and at most 86400", 2)
    end
    return { verdict = "ask", to = to, timeout = timeout }
  end

  function pista.answer(result)
    if result == nil then error("pista.answer: the result is missing", 2) end
    return { verdict = "answer", result = result }
  end
end

-- Readies the VM for a script that is run as a program. What `exit` raises passes every pcall.
function host.program(EXIT, exit, beside)
  earlier, is_beside, loaded = loaded, beside, { pista = loaded.pista }

  local function kept(ok, reason, ...)
    if not ok and reason == EXIT then error(EXIT, 0) end
    return ok, reason, ...
  end

  function _G.pcall(f, ...) return kept(pcall(f, ...)) end

  function _G.xpcall(f, handler, ...)
    return kept(raw_xpcall(f, function(reason)
      if reason == STOPPED or reason == EXIT then return reason end
      local _, result = pcall(handler, reason)
      return result
    end, ...))
  end

  local raw_resume = coroutine.resume
  function coroutine.resume(co, ...) return kept(raw_resume(co, ...)) end

  function os.exit(code)
    local wrong = exit(code)
    if wrong then error(wrong, 2) end
    error(EXIT, 0)
  end
end

-- Makes a module known to `require`.
function host.preload(name, value) loaded[name] = value end

-- What a spec file is written with: describe, it, and what runs around each. Loading the file only
-- collects; each `it` is run later, on an engine of its own.

local host = ...

local suite = {}
local cases = {}
local group -- the one that is being described; nil while nothing is
local running -- the case that runs

local function misused(message) error(host.misuse(message), 0) end

local function named(what, name)
  if type(name) ~= "string" or name == "" then
    misused(what .. ": the first argument is a name, not " .. host.kind(name))
  end
end

local function declaring(what)
  if running then misused(what .. ": not inside it(…); put it beside it") end
  if not group then misused(what .. ": only while a spec file loads") end
end

local function path(of, name)
  local names = { name }
  while of.parent do
    table.insert(names, 1, of.name)
    of = of.parent
  end
  return names
end

local function add(name, body, reason)
  cases[#cases + 1] = {
    name = path(group, name), group = group, body = body, skipped = reason, location = host.place(),
  }
end

local function describe(name, body)
  declaring("describe")
  named("describe", name)
  if type(body) ~= "function" then misused("describe: the second argument is a function, not " .. host.kind(body)) end
  local outer <close> = setmetatable({ group }, { __close = function(kept) group = kept[1] end })
  group = { name = name, parent = group, before = {}, after = {} }
  body()
end

local function it(name, body)
  declaring("it")
  named("it", name)
  if body == nil then return add(name, nil, "not written yet") end
  if type(body) ~= "function" then misused("it: the second argument is a function, not " .. host.kind(body)) end
  add(name, body)
end

local SKIP = {}

-- Beside others: a case that is not run. Inside one: the end of it.
local function pending(name, reason)
  if running then
    if name ~= nil and type(name) ~= "string" then misused("pending: the reason is a text, not " .. host.kind(name)) end
    running.reason = name or "pending"
    error(SKIP, 0)
  end
  declaring("pending")
  named("pending", name)
  add(name, nil, type(reason) == "string" and reason or "pending")
end

local function around(what, list)
  return function(body)
    declaring(what)
    if type(body) ~= "function" then misused(what .. ": the argument is a function, not " .. host.kind(body)) end
    table.insert(group[list], body)
  end
end

suite.globals = {
  describe = describe, it = it, pending = pending, skip = pending,
  before_each = around("before_each", "before"), after_each = around("after_each", "after"),
}

-- Runs what a spec file holds, and tells its cases.
function suite.load(chunk, ...)
  cases, group = {}, { before = {}, after = {} }
  local done <close> = setmetatable({}, { __close = function() group = nil end })
  chunk(...)
  return cases
end

local function guarded(body)
  return xpcall(body, function(reason)
    if reason == SKIP then return reason end
    return host.located(reason)
  end)
end

-- Runs a case: "passed", or "skipped" and why, or "failed" and the error.
function suite.run(index, spec)
  local case = cases[index]
  running = case
  local done <close> = setmetatable({}, { __close = function() running = nil end })
  spec.world.reset()
  spec.expect.reset()
  local groups, at = {}, case.group
  while at do
    table.insert(groups, 1, at)
    at = at.parent
  end
  local ok, why = true, nil
  for _, one in ipairs(groups) do
    for _, body in ipairs(one.before) do
      if ok then ok, why = guarded(body) end
    end
  end
  if ok then ok, why = guarded(case.body) end
  if ok then ok, why = guarded(spec.expect.finish) end
  for i = #groups, 1, -1 do
    for _, body in ipairs(groups[i].after) do
      local fine, other = guarded(body)
      if ok and not fine then ok, why = fine, other end
    end
  end
  if why == SKIP and not ok then return "skipped", case.reason end
  if ok then return "passed" end
  return "failed", why
end

function suite.running() return running ~= nil end

return suite

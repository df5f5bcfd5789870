-- expect(value): what a value has to be.

local host = ...

local MOST = 12 -- differences that are told

local function show(value) return host.show(value) end

-- Whether two values are the same, table by table; `out` gets the differences.
local function differs(expected, got, path, out, seen)
  if rawequal(expected, got) or expected == got and type(expected) ~= "table" then return end
  if #out >= MOST then return end
  if type(expected) ~= "table" or type(got) ~= "table" then
    out[#out + 1] = ("%s: expected %s, got %s"):format(path == "" and "the value" or path, show(expected), show(got))
    return
  end
  if seen[expected] == got then return end
  seen[expected] = got
  local keys = {}
  for key in next, expected do keys[#keys + 1] = key end
  for key in next, got do
    if rawget(expected, key) == nil then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    if type(a) == "number" and type(b) == "number" then return a < b end
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(keys) do
    local below = type(key) == "string" and key:match("^[%a_][%w_]*$") and path .. "." .. key
      or path .. "[" .. show(key) .. "]"
    local want, have = rawget(expected, key), rawget(got, key)
    if have == nil then
      out[#out + 1] = below .. ": missing, expected " .. show(want)
    elseif want == nil then
      out[#out + 1] = below .. ": not expected, got " .. show(have)
    else
      differs(want, have, below, out, seen)
    end
    if #out >= MOST then return end
  end
end

local function equal(expected, got)
  local out = {}
  differs(expected, got, "", out, {})
  return #out == 0, out
end

-- Whether `got` has all that `part` has.
local function includes(part, got, path, out)
  if type(part) ~= "table" then return differs(part, got, path, out, {}) end
  if type(got) ~= "table" then
    out[#out + 1] = ("%s: expected a table, got %s"):format(path == "" and "the value" or path, show(got))
    return
  end
  for key, want in next, part do
    local below = type(key) == "string" and path .. "." .. key or path .. "[" .. show(key) .. "]"
    local have = rawget(got, key)
    if have == nil then
      out[#out + 1] = below .. ": missing, expected " .. show(want)
    else
      includes(want, have, below, out)
    end
    if #out >= MOST then return end
  end
end

local function compared(what, test)
  return function(got, limit)
    if type(limit) ~= "number" then return nil, "the limit is a number, not " .. host.kind(limit) end
    if type(got) ~= "number" then return nil, ("expected a number %s %s, got %s"):format(what, show(limit), show(got)) end
    return test(got, limit), "to be " .. what .. " " .. show(limit)
  end
end

-- Each answers whether it holds (nil: it cannot be said, which fails either way), what was wanted,
-- and what there is to say besides.
local matchers = {}

function matchers.to_equal(got, expected)
  local same, differences = equal(expected, got)
  local more
  if not same and type(expected) == "table" and type(got) == "table" then more = differences end
  return same, "to equal", more, { expected }
end

function matchers.to_be(got, expected) return rawequal(got, expected), "to be", nil, { expected } end

function matchers.to_be_nil(got) return got == nil, "to be nil" end
function matchers.to_be_true(got) return got == true, "to be true" end
function matchers.to_be_false(got) return got == false, "to be false" end
function matchers.to_be_truthy(got) return not not got, "to be true, or anything but nil and false" end
function matchers.to_be_falsy(got) return not got, "to be false or nil" end

function matchers.to_be_a(got, kind)
  if type(kind) ~= "string" then return nil, "the kind is the name of a type, not " .. host.kind(kind) end
  return type(got) == kind or kind == "integer" and math.type(got) == "integer", "to be a " .. kind
end

function matchers.to_contain(got, part)
  if type(got) == "string" then
    if type(part) ~= "string" then return nil, "a text contains texts, not " .. host.kind(part) end
    return got:find(part, 1, true) ~= nil, "to contain " .. show(part)
  end
  if type(got) ~= "table" then return nil, "expected a text or a list to look into, got " .. show(got) end
  local found = false
  for _, item in ipairs(got) do
    found = found or equal(part, item)
  end
  return found, "to contain " .. show(part)
end

function matchers.to_match(got, pattern)
  if type(pattern) ~= "string" then return nil, "the pattern is a text, not " .. host.kind(pattern) end
  if type(got) ~= "string" then return nil, "expected a text to match with " .. show(pattern) .. ", got " .. show(got) end
  return got:find(pattern) ~= nil, "to match the pattern " .. show(pattern)
end

function matchers.to_have_key(got, key)
  if type(got) ~= "table" then return nil, "expected a table with the key " .. show(key) .. ", got " .. show(got) end
  return got[key] ~= nil, "to have the key " .. show(key)
end

function matchers.to_have_length(got, length)
  if type(got) ~= "table" and type(got) ~= "string" then return nil, "expected a list or a text, got " .. show(got) end
  return #got == length, ("to have %s elements, and not %d"):format(show(length), #got)
end

function matchers.to_include(got, part)
  if type(part) ~= "table" then return nil, "the argument is a table, not " .. host.kind(part) end
  local out = {}
  includes(part, got, "", out)
  return #out == 0, "to include", out, { part }
end

matchers.to_be_greater_than = compared("greater than", function(a, b) return a > b end)
matchers.to_be_less_than = compared("less than", function(a, b) return a < b end)
matchers.to_be_at_least = compared("at least", function(a, b) return a >= b end)
matchers.to_be_at_most = compared("at most", function(a, b) return a <= b end)

function matchers.to_be_near(got, goal, tolerance)
  tolerance = tolerance or 1e-9
  if type(goal) ~= "number" or type(tolerance) ~= "number" then return nil, "the goal and the tolerance are numbers" end
  if type(got) ~= "number" then return nil, "expected a number near " .. show(goal) .. ", got " .. show(got) end
  return math.abs(got - goal) <= tolerance, ("to be within %s of %s"):format(show(tolerance), show(goal))
end

function matchers.to_raise(got, pattern)
  if type(got) ~= "function" then return nil, "expected a function to call, got " .. show(got) end
  if pattern ~= nil and type(pattern) ~= "string" then return nil, "the pattern is a text, not " .. host.kind(pattern) end
  local ok, reason = pcall(got)
  if ok then return false, pattern and "to raise " .. show(pattern) or "to raise an error", { "it raised nothing" } end
  local text = type(reason) == "table" and tostring(reason.message) or tostring(reason)
  if pattern == nil then return true, "to raise an error", { "it raised: " .. text } end
  local found = text:find(pattern, 1, true) or select(2, pcall(text.find, text, pattern))
  return type(found) == "number", "to raise " .. show(pattern), { "it raised: " .. text }
end

local names = { "never", "not_" }
for name in pairs(matchers) do names[#names + 1] = name end
table.sort(names)

local open = {} -- expectations that no matcher was called on, and where

local function failed(message) error(host.failure(message), 0) end

-- What a failed expectation says.
local function sentence(got, negated, wanted, more, expected)
  local lines
  if expected then
    local word = negated and "expected " .. wanted:gsub("^to", "not to") or "expected " .. wanted
    lines = { word .. ":", "  " .. show(expected[1]):gsub("\n", "\n  ") }
    if not negated then
      lines[#lines + 1] = "but got:"
      lines[#lines + 1] = "  " .. show(got):gsub("\n", "\n  ")
    end
  else
    lines = { ("expected %s %s%s"):format(show(got), negated and "not " or "", wanted) }
  end
  if not negated and more then
    for _, line in ipairs(more) do lines[#lines + 1] = "  " .. line end
  end
  return table.concat(lines, "\n")
end

local function expectation(got, negated, token)
  local self = {}
  local function matcher(name)
    local test = matchers[name]
    return function(first, ...)
      open[token] = nil
      local holds, wanted, more, expected
      -- With a colon the expectation itself comes first.
      if rawequal(first, self) then holds, wanted, more, expected = test(got, ...)
      else holds, wanted, more, expected = test(got, first, ...) end
      if holds == nil then failed(("%s: %s"):format(name, wanted)) end
      if holds == negated then failed(sentence(got, negated, wanted, more, expected)) end
    end
  end
  return setmetatable(self, {
    __index = function(_, name)
      if matchers[name] then return matcher(name) end
      if name == "never" or name == "not_" then return expectation(got, not negated, token) end
      open[token] = nil
      error(host.misuse(("expect: there is no matcher %s (%s)"):format(show(name), host.suggestion(tostring(name), names))), 0)
    end,
    __newindex = function() error(host.misuse("expect: nothing can be set here"), 0) end,
  })
end

local M = {}

function M.expect(...)
  if select("#", ...) == 0 then error(host.misuse("expect: the value is missing"), 0) end
  local token = {}
  open[token] = host.place()
  return expectation((...), false, token)
end

function M.reset() open = {} end

-- An expectation without a matcher expects nothing: it can't fail, and was not meant so.
function M.finish()
  local _, place = next(open)
  if place then error(host.failure_at(place, "expect(…) without a matcher expects nothing; say .to_equal(…) or its like"), 0) end
end

M.equal = equal

return M

-- Replays a conversation that was recorded as data, and checks what it expects.

local host, suite, world, equal, test = ...

local show = host.show

local function list(value)
  if value == nil then return {} end
  if type(value) == "table" then return value end
  return { value }
end

-- Our names of tools, for those that recordings have: as they are, as models are sent them (`fs_list`), or as
-- other programs write the dot (`fs__list`).
local function names_of(tools)
  local function folded(name) return (name:gsub("[%.%-]", "_"):lower()) end
  local plain = {}
  for name in pairs(tools) do
    local form = folded(name)
    plain[form] = plain[form] == nil and name or false
  end
  return function(name)
    if type(name) ~= "string" or tools[name] then return name end
    local dotted = name:gsub("__", ".")
    if tools[dotted] then return dotted end
    return plain[folded(name)] or plain[folded(dotted)] or name
  end
end

-- The same names wherever a conversation speaks of tools.
local function renamed(trace, ours)
  local function in_list(items)
    if type(items) ~= "table" then return ours(items) end
    local new = {}
    for i, item in ipairs(items) do
      if type(item) == "table" then
        new[i] = {}
        for key, value in pairs(item) do new[i][key] = value end
        new[i].name = ours(item.name)
      else
        new[i] = ours(item)
      end
    end
    return new
  end
  local function in_expects(expects)
    if not expects then return end
    for _, key in ipairs { "tools_used", "tools_not_used", "tools_order", "tool_calls" } do
      if expects[key] ~= nil then expects[key] = in_list(expects[key]) end
    end
    if expects.tool_results_contain then
      local new = {}
      for name, parts in pairs(expects.tool_results_contain) do new[ours(name)] = parts end
      expects.tool_results_contain = new
    end
  end
  in_expects(trace.expects)
  for _, turn in ipairs(trace.turns) do
    in_expects(turn.expects)
    for _, step in ipairs(turn.steps) do
      for _, call in ipairs(step.tool_calls or {}) do call.name = ours(call.name) end
    end
  end
end

-- What the tools of a turn answer, by name, in the order of their calls.
local function recordings(turn, tools)
  local recorded = {}
  for _, step in ipairs(turn.steps) do
    for _, call in ipairs(step.tool_calls or {}) do
      local result = step.results and step.results[call.id or ""]
      if result ~= nil and tools[call.name] then
        recorded[call.name] = recorded[call.name] or {}
        table.insert(recorded[call.name], result)
      end
    end
  end
  return recorded
end

local function answers(turn)
  local made = {}
  for i, step in ipairs(turn.steps) do
    made[i] = function(request)
      local wanted = step.hint
      if wanted then
        local last
        for _, message in ipairs(request.messages) do
          if message.role == "user" then last = message.content end
        end
        if not (last or ""):find(wanted, 1, true) then
          print(("note: step %d hints at %s in the user's last message, which is %s"):format(i, show(wanted), show(last)))
        end
      end
      local count = #request.messages + (request.system ~= "" and 1 or 0)
      if step.min_messages and count < step.min_messages then
        print(("note: step %d hints at %d messages or more, and there are %d"):format(i, step.min_messages, count))
      end
      local calls = {}
      for n, call in ipairs(step.tool_calls or {}) do calls[n] = { name = call.name, args = call.arguments, id = call.id } end
      return { text = step.text, tool_calls = step.tool_calls and calls or nil, usage = step.usage }
    end
  end
  return made
end

local checks = {}

-- Whether a part is in a text, in any case.
local function contains(text, part)
  if text:find(part, 1, true) then return true end
  return (host.regex("(?i)" .. part:gsub("[%^%$%(%)%.%[%]%*%+%-%?{}|\\#&~ ]", "\\%0"), text))
end

function checks.response_contains(seen, wanted, fail)
  for _, part in ipairs(list(wanted)) do
    if not contains(seen.text, part) then fail(("expected the response to contain %s, got %s"):format(show(part), show(seen.text))) end
  end
end
checks.final_contains = checks.response_contains

function checks.response_not_contains(seen, unwanted, fail)
  for _, part in ipairs(list(unwanted)) do
    if contains(seen.text, part) then fail(("expected the response not to contain %s, got %s"):format(show(part), show(seen.text))) end
  end
end

function checks.response_matches(seen, wanted, fail)
  for _, pattern in ipairs(list(wanted)) do
    local found, why = host.regex(pattern, seen.text)
    if why then fail(why)
    elseif not found then fail(("expected the response to match %s, got %s"):format(show(pattern), show(seen.text))) end
  end
end

function checks.response_json(seen, wanted, fail)
  local ok, json = pcall(pista.json.decode, seen.text)
  if not ok then return fail("expected the response to be JSON, got " .. show(seen.text)) end
  for pointer, value in pairs(wanted) do
    local at = json
    for part in pointer:gmatch("/([^/]*)") do
      part = part:gsub("~1", "/"):gsub("~0", "~")
      local index = math.tointeger(part)
      if type(at) ~= "table" then at = nil
      elseif index and at[index + 1] ~= nil then at = at[index + 1]
      else at = at[part] end
    end
    if not equal(value, at) then fail(("expected %s of the response to be %s, got %s"):format(pointer, show(value), show(at))) end
  end
end

local function used(seen)
  local names = {}
  for i, call in ipairs(seen.calls) do names[i] = call.name end
  return #names == 0 and "none" or table.concat(names, ", ")
end

local function count(seen, name)
  local found = 0
  for _, call in ipairs(seen.calls) do
    if call.name == name then found = found + 1 end
  end
  return found
end

function checks.tools_used(seen, wanted, fail)
  for _, name in ipairs(list(wanted)) do
    if count(seen, name) == 0 then fail(("expected a call of %s; called: %s"):format(name, used(seen))) end
  end
end

function checks.tools_not_used(seen, unwanted, fail)
  for _, name in ipairs(list(unwanted)) do
    if count(seen, name) > 0 then fail(("expected no call of %s; called: %s"):format(name, used(seen))) end
  end
end

function checks.tools_order(seen, wanted, fail)
  local at = 1
  for _, call in ipairs(seen.calls) do
    if call.name == wanted[at] then at = at + 1 end
  end
  if wanted[at] then fail(("expected calls in the order %s; called: %s"):format(table.concat(wanted, ", "), used(seen))) end
end

function checks.tool_calls(seen, wanted, fail)
  if #wanted ~= #seen.calls then return fail(("expected %d tool calls, got %d: %s"):format(#wanted, #seen.calls, used(seen))) end
  for i, call in ipairs(seen.calls) do
    local want = wanted[i]
    local name = type(want) == "table" and want.name or want
    if call.name ~= name then fail(("expected call %d to be %s, got %s"):format(i, name, call.name)) end
    if type(want) == "table" and want.arguments and not equal(want.arguments, call.args) then
      fail(("expected the arguments of call %d to be %s, got %s"):format(i, show(want.arguments), show(call.args)))
    end
  end
end

function checks.max_tool_calls(seen, most, fail)
  if #seen.calls > most then fail(("expected at most %d tool calls, got %d: %s"):format(most, #seen.calls, used(seen))) end
end

function checks.min_tool_calls(seen, least, fail)
  if #seen.calls < least then fail(("expected at least %d tool calls, got %d: %s"):format(least, #seen.calls, used(seen))) end
end

function checks.all_tools_succeeded(seen, wanted, fail)
  local all = true
  for _, call in ipairs(seen.calls) do
    if call.status ~= "ok" then
      all = false
      if wanted then fail(("expected every tool to succeed; %s: %s: %s"):format(call.name, call.status, call.content)) end
    end
  end
  if all and not wanted then fail("expected a tool that does not succeed; called: " .. used(seen)) end
end

function checks.tool_results_contain(seen, wanted, fail)
  for name, parts in pairs(wanted) do
    for _, part in ipairs(list(parts)) do
      local found = false
      for _, call in ipairs(seen.calls) do
        found = found or call.name == name and call.content:find(part, 1, true) ~= nil
      end
      if not found then fail(("expected a result of %s to contain %s"):format(name, show(part))) end
    end
  end
end

function checks.min_responses(seen, least, fail)
  if seen.responses < least then fail(("expected at least %d responses, got %d"):format(least, seen.responses)) end
end

function checks.budget(seen, limits, fail)
  for _, one in ipairs {
    { "max_input_tokens", seen.usage.input }, { "max_output_tokens", seen.usage.output },
    { "max_total_tokens", seen.usage.input + seen.usage.output }, { "max_llm_calls", seen.requests },
  } do
    local name, got = one[1], one[2]
    if limits[name] and got > limits[name] then fail(("expected %s %d, got %d"):format(name, limits[name], got)) end
  end
end

local function expected(expects, seen, where, failures)
  local names = {}
  for name in pairs(expects or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    checks[name](seen, expects[name], function(message) failures[#failures + 1] = where .. message end)
  end
end

local function fresh() return { text = "", calls = {}, responses = 0, requests = 0, usage = { input = 0, output = 0 } } end

local function add(seen, result)
  seen.text = result.text or ""
  for _, call in ipairs(result.calls) do seen.calls[#seen.calls + 1] = call end
  seen.responses = seen.responses + (result.text and 1 or 0)
  seen.requests = seen.requests + #result.requests
  seen.usage.input = seen.usage.input + result.usage.input
  seen.usage.output = seen.usage.output + result.usage.output
end

local function replay(trace)
  local tools, session, failures, whole = {}, nil, {}, fresh()
  for _, name in ipairs(host.tools()) do tools[name] = true end
  renamed(trace, names_of(tools))
  for i, turn in ipairs(trace.turns) do
    local where = #trace.turns > 1 and ("turn %d: "):format(i) or ""
    local result = test.turn {
      text = turn.user_input, session = session, model = answers(turn), tools = recordings(turn, tools),
      approve = trace.approve, agent = trace.agent,
    }
    session = result.session
    if result.error then failures[#failures + 1] = where .. "the turn failed: " .. result.error end
    if #result.requests < #turn.steps then
      failures[#failures + 1] = ("%s%d of %d steps were replayed: the model was not asked for more%s"):format(
        where, #result.requests, #turn.steps, result.rounds > 0 and "; a turn may have more rounds of calls with --rounds" or "")
    end
    local seen = fresh()
    add(seen, result)
    add(whole, result)
    expected(turn.expects, seen, where, failures)
  end
  expected(trace.expects, whole, "", failures)
  if #failures > 0 then error(host.failure_at(trace.place, table.concat(failures, "\n")), 0) end
end

-- A spec of one case for each conversation.
return function(traces)
  return suite.load(function()
    for _, trace in ipairs(traces) do
      suite.globals.it(trace.name, function() replay(trace) end)
    end
  end)
end

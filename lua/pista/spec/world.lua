-- pista.test: a turn with a model that says what the spec says, and stand-ins for everything that
-- would leave the process. The engine asks the doors below; what they answer is what the spec gave.

local host, raw, test, is_running = ...

local CUT = 300 -- characters of a message that are told

local world = {} -- of the case that runs

local M = { doors = {} }

function M.reset()
  world = { tools = {}, requests = {}, asked = {} }
  host.scripted(false)
  host.clock(nil, true)
end
M.reset()

local function misused(message) error(host.misuse(message), 0) end

local function acting(what)
  if not is_running() then misused(what .. ": only inside it(…), before_each and after_each") end
end

-- Remembers what makes the spec fail, wherever in the engine it comes up.
local function wrong(message)
  world.wrong = world.wrong or message
  return message
end

local function settled()
  local message = world.wrong
  world.wrong = nil
  if message then error(host.failure(message), 0) end
end

local function known(what, options, keys)
  for key in pairs(options) do
    local found = false
    for _, name in ipairs(keys) do found = found or name == key end
    if not found then
      misused(("%s: unknown key %s (%s)"):format(what, host.show(key), host.suggestion(tostring(key), keys)))
    end
  end
end

-- the model -----------------------------------------------------------------------------------

local ANSWER = { "text", "tool_calls", "error", "usage" }

local function checked(what, answer)
  if type(answer) == "string" then return { text = answer } end
  if type(answer) == "function" then return answer end
  if type(answer) ~= "table" then
    misused(("%s: an answer is { text = … }, { tool_calls = … }, a text or a function, not %s"):format(what, host.kind(answer)))
  end
  known(what, answer, ANSWER)
  if next(answer) == nil then misused(what .. ": an answer without text, tool_calls or error") end
  for _, call in ipairs(answer.tool_calls or {}) do
    if type(call) ~= "table" or type(call.name) ~= "string" then
      misused(what .. ": a tool call is { name = \"…\", args = { … } }")
    end
    known(what .. ": tool_calls", call, { "name", "args", "id" })
  end
  return answer
end

local function script(what, model)
  if type(model) == "function" then return { all = model } end
  if type(model) == "string" or type(model) == "table" and (model.text or model.tool_calls or model.error) then
    model = { model }
  end
  if type(model) ~= "table" then
    misused(("%s: model: a list of answers or a function, not %s"):format(what, host.kind(model)))
  end
  local answers = { at = 0 }
  for i, answer in ipairs(model) do answers[i] = checked(("%s: model[%d]"):format(what, i), answer) end
  known(what .. ": model", model, (function()
    local keys = {}
    for i = 1, #model do keys[i] = i end
    return keys
  end)())
  return answers
end

local function cut(text)
  text = tostring(text)
  if #text <= CUT then return text end
  return text:sub(1, CUT) .. "…"
end

local function asked(request)
  local last = request.messages[#request.messages]
  if not last then return "no message" end
  local who = last.role == "user" and "the user's message" or last.role == "tool" and "the result of " .. last.name
    or "a " .. last.role .. " message"
  return ("%s: %s"):format(who, host.show(cut(last.content)))
end

function M.doors.model(request)
  local requests = world.requests
  requests[#requests + 1] = request
  local answers = world.model
  local answer = answers.all
  if not answer then
    answers.at = answers.at + 1
    answer = answers[answers.at]
    if answer == nil then
      error(wrong(("the model was asked once more than model has answers (%d). The last thing it read was %s")
        :format(#answers, asked(request))), 0)
    end
  end
  if type(answer) == "function" then answer = checked("the function of model", answer(request)) end
  if type(answer) == "function" then error(wrong("the function of model returned a function"), 0) end
  if answer.error then error(tostring(answer.error), 0) end
  return { text = answer.text, tool_calls = answer.tool_calls, usage = answer.usage }
end

-- tools ---------------------------------------------------------------------------------------

local RECORDING = { "content", "data", "status", "meta", "stdout", "stderr", "exit_code" }
local STATUS = { ok = true, error = true, denied = true, cancelled = true, interrupted = true }

-- What a tool answers, from what the spec gave.
local function result(name, given)
  if given == nil then return { status = "ok", content = "" } end
  if type(given) == "string" then return { status = "ok", content = given } end
  if type(given) == "number" or type(given) == "boolean" then return { status = "ok", content = tostring(given) } end
  if type(given) ~= "table" then return nil, "a recording is a text or { content = …, data = …, status = … }" end
  local bad
  for key in pairs(given) do
    local found = false
    for _, word in ipairs(RECORDING) do found = found or word == key end
    if not found then bad = key end
  end
  if bad ~= nil then
    return nil, ("a recording has no key %s (%s)"):format(host.show(bad), host.suggestion(tostring(bad), RECORDING))
  end
  local status = given.status or "ok"
  if not STATUS[status] then return nil, ("there is no status %s (it is ok or error)"):format(host.show(status)) end
  local data, content, meta = given.data, given.content, given.meta
  if given.stdout or given.stderr or given.exit_code then
    meta = meta or { exit_code = given.exit_code or 0 }
    data = data or { stdout = given.stdout or "", stderr = given.stderr or "", exit_code = given.exit_code or 0 }
    content = content or (given.stdout or "") .. (given.stderr or "")
  end
  if content == nil and data ~= nil then content = data end
  if content ~= nil and type(content) ~= "string" then content = pista.json.encode(content) end
  return { status = status, content = content or "", data = data, meta = meta }
end

-- A list of recordings is used up one call after the other.
local function sequence(given)
  return type(given) == "table" and given[1] ~= nil
end

local function recordings(what, tools)
  if type(tools) ~= "table" then misused(("%s: tools: a table of recordings by name, not %s"):format(what, host.kind(tools))) end
  local kept, there, names = {}, {}, host.tools()
  for _, name in ipairs(names) do there[name] = true end
  for name, given in pairs(tools) do
    if type(name) ~= "string" then misused(what .. ": tools: the names of tools are texts") end
    if not there[name] then
      misused(("%s: tools: there is no tool %s (%s)"):format(what, host.show(name), host.suggestion(name, names)))
    end
    local all = sequence(given) and given or { given }
    for _, one in ipairs(all) do
      if type(one) ~= "function" then
        local _, why = result(name, one)
        if why then misused(("%s: tools: %s: %s"):format(what, name, why)) end
      end
    end
    kept[name] = sequence(given) and { list = given, at = 0 } or { one = given }
  end
  return kept
end

-- `real`: the tool is a function of init.lua, which runs unless it is recorded.
function M.doors.tool(name, args, real, context)
  local recording = world.tools[name]
  if not recording then
    if real then return { missing = true } end
    local message = wrong(("%s was called with %s, and nothing runs in a spec: record its result with tools = { [%q] = … }")
      :format(name, host.show(args), name))
    return { status = "error", content = message }
  end
  local given = recording.one
  if recording.list then
    recording.at = recording.at + 1
    given = recording.list[recording.at]
    if given == nil then
      local message = wrong(("%s was called once more than results are recorded (%d), with %s")
        :format(name, #recording.list, host.show(args)))
      return { status = "error", content = message }
    end
  end
  if type(given) == "function" then given = given(args, context) end
  local answer, why = result(name, given)
  if not answer then return { status = "error", content = wrong(("%s: %s"):format(name, why)) } end
  return answer
end

-- people --------------------------------------------------------------------------------------

local REPLIES = { yes = "yes", no = "no", always = "always", [true] = "yes", [false] = "no" }

local function approval(what, given)
  if type(given) ~= "function" and REPLIES[given] == nil then
    misused(("%s: approve: \"yes\", \"no\", \"always\" or a function, not %s"):format(what, host.show(given)))
  end
  return { by = given }
end

function M.doors.approve(request)
  world.asked[#world.asked + 1] = request
  if not world.approve then return nil end
  local reply = world.approve.by
  if type(reply) == "function" then
    reply = reply(request)
    if reply ~= nil and REPLIES[reply] == nil then
      error(wrong(("approve returned %s: it is \"yes\", \"no\", \"always\" or nothing"):format(host.show(reply))), 0)
    end
  end
  return REPLIES[reply]
end

-- what a spec calls ---------------------------------------------------------------------------

local STANDING = { "model", "tools", "approve" }

local function install(what, options)
  if options.model ~= nil then world.model = script(what, options.model) end
  if options.tools ~= nil then
    local kept = {}
    for name, recording in pairs(world.tools) do kept[name] = recording end
    for name, recording in pairs(recordings(what, options.tools)) do kept[name] = recording end
    world.tools = kept
  end
  if options.approve ~= nil then world.approve = approval(what, options.approve) end
  host.scripted(world.model ~= nil)
end

-- Runs `act` with the stand-ins of `options`, and without them afterwards.
local function standing(what, options, act)
  acting(what)
  local here = world
  local kept = { model = here.model, tools = here.tools, approve = here.approve }
  local done <close> = setmetatable({}, { __close = function()
    if world ~= here then return end
    for _, key in ipairs(STANDING) do here[key] = kept[key] end
    host.scripted(here.model ~= nil)
  end })
  if type(options) == "table" then install(what, options) end
  return act()
end

local function tail(list, from)
  return table.move(list, from + 1, #list, 1, {})
end

-- Puts together what happened in a turn.
local function told(outcome)
  local calls, byid, notices = {}, {}, {}
  for _, event in ipairs(outcome.events) do
    if event.type == "tool_start" then
      local call = { id = event.id, name = event.name, args = event.args }
      calls[#calls + 1], byid[event.id] = call, call
    elseif event.type == "tool_end" then
      local call = byid[event.id]
      call.status, call.content, call.meta = event.status, event.content, event.meta
      if event.status == "denied" then call.reason = (event.content:gsub("^denied: ", "")) end
    elseif event.type == "notice" then
      notices[#notices + 1] = event.text
    end
  end
  outcome.calls, outcome.notices = calls, notices
end

-- Runs `act` with the stand-ins of `options`; its result gets what was asked and sent meanwhile.
local function played(what, options, act)
  return standing(what, options, function()
    local requests, questions, sent = #world.requests, #world.asked, #raw.sent()
    local outcome = act()
    settled()
    if outcome.error_kind == "config" then error(host.failure(what .. ": " .. outcome.error), 0) end
    if outcome.events then told(outcome) end
    outcome.requests, outcome.asked = tail(world.requests, requests), tail(world.asked, questions)
    outcome.sent = tail(raw.sent(), sent)
    return outcome
  end)
end

function test.turn(options)
  return played("pista.test.turn", options, function() return raw.turn(options) end)
end

function test.command(line, options)
  return played("pista.test.command", options, function() return raw.command(line, options) end)
end

function test.receive(channel, message, options)
  return played("pista.test.receive", options, function() return raw.receive(channel, message, options) end)
end

function test.cron(name, options)
  return played("pista.test.cron", options, function()
    if type(options) == "table" and type(options.at) == "number" then test.time.set(options.at) end
    return raw.cron(name, host.clock(), options)
  end)
end

function test.next_run(name, after)
  acting("pista.test.next_run")
  return raw.next_run(name, after or host.clock())
end

function test.call_tool(name, args, options)
  return standing("pista.test.call_tool", options, function()
    local result = raw.call_tool(name, args, options)
    settled()
    return result
  end)
end

function test.policy(tool, args, options)
  acting("pista.test.policy")
  return raw.policy(tool, args, options)
end

function test.given(options)
  acting("pista.test.given")
  if type(options) ~= "table" then misused("pista.test.given: the argument is a table, not " .. host.kind(options)) end
  known("pista.test.given", options, STANDING)
  install("pista.test.given", options)
end

function test.requests()
  acting("pista.test.requests")
  return tail(world.requests, 0)
end

function test.sent()
  acting("pista.test.sent")
  return raw.sent()
end

-- time ----------------------------------------------------------------------------------------
-- It stands still, but for what pista.sleep and the spec let pass.

local real_time, real_date = os.time, os.date

function os.time(table)
  if table ~= nil then return real_time(table) end
  return math.floor(host.clock())
end

function os.date(format, time)
  return real_date(format, time or math.floor(host.clock()))
end

test.time = {}

local function number(what, value)
  if type(value) ~= "number" or value ~= value or value < 0 or value > 1e11 then
    misused(("%s: expected seconds, got %s"):format(what, host.show(value)))
  end
  return value
end

function test.time.now() return host.clock() end

function test.time.set(seconds)
  acting("pista.test.time.set")
  host.clock(number("pista.test.time.set", seconds))
end

function test.time.advance(seconds)
  acting("pista.test.time.advance")
  host.clock(host.clock() + number("pista.test.time.advance", seconds))
end

M.played = played
M.settled = settled

return M

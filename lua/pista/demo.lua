-- The demo model: what answers when no real model is configured.
--
-- It is an ordinary provider (see pista.provider): `chat(request, emit)` gets the conversation and
-- returns tool calls or an answer. It knows a few requests by their words, calls real tools for
-- them, and builds its answer from what they return. The same input always gives the same output.

local FOOTER = "\n\nThis is the built-in demo model. For a real one set a key such as OPENAI_API_KEY, or start a "
  .. "local server such as Ollama, and ask again; the README tells more."

local ABILITIES = [[
  - "what is taking up space here?"    - "how much memory is free?"
  - "which processes are busy?"        - "how long has this machine been up?"
  - "list the files"                   - "read README.md"
  - "find TODO"                        - "run: COMMAND" (asks before it runs)]]

-- Words and numbers ----------------------------------------------------------------------------

local function has(text, ...)
  for _, word in ipairs { ... } do
    if text:find("%f[%w]" .. word .. "%f[%W]") then return true end
  end
  return false
end

-- A name without quotes and punctuation around it; nil when nothing is left.
local function unquoted(text)
  text = text:gsub("[%s?!'\"`]+$", ""):gsub("^['\"`]+", "")
  return text ~= "" and text or nil
end

local function human(kib)
  local units, n, unit = { "KiB", "MiB", "GiB", "TiB" }, tonumber(kib), 1
  while n >= 1024 and unit < #units do n, unit = n / 1024, unit + 1 end
  return (unit == 1 and "%.0f %s" or "%.1f %s"):format(n, units[unit])
end

local function lines(text)
  local all = {}
  for line in (text:gsub("\n+$", "") .. "\n"):gmatch("(.-)\r?\n") do all[#all + 1] = line end
  return all
end

-- The first `max` lines, indented, and how many are left out.
local function excerpt(text, max)
  local all, shown = lines(text), {}
  for i = 1, math.min(max, #all) do shown[i] = "  " .. all[i] end
  if #all > max then shown[#shown + 1] = ("  … and %d more lines"):format(#all - max) end
  return table.concat(shown, "\n")
end

-- Tool results ---------------------------------------------------------------------------------

-- What a command wrote. Output can be cut in the middle: readers skip lines that make no sense.
local function stdout(result)
  local out = ("\n" .. result.content):match("\nstdout:\n(.*)$") or ""
  return (out:gsub("\nstderr:\n.*$", ""))
end

local function exit_code(result)
  return result.meta and result.meta.exit_code or tonumber(result.content:match("^exit code (%d+)"))
end

local function describe(call)
  local args = call.arguments
  if args.argv then return "`" .. table.concat(args.argv, " ") .. "`" end
  return args.command and "`" .. args.command .. "`" or call.name
end

-- Why a call gave nothing to work with; nil when it did.
local function trouble(done)
  local result = done.result
  local reason = result.content:gsub("%s+$", ""):gsub("^denied:%s*", "")
  if result.status == "denied" then
    return ("I wanted to use %s, but that was not allowed: %s"):format(describe(done.call), reason)
  elseif result.status ~= "ok" then
    return ("%s did not work: %s"):format(describe(done.call), reason)
  end
end

-- Splits what was done into usable results and sentences about the rest.
local function sorted(all)
  local good, bad = {}, {}
  for i, done in ipairs(all) do
    local reason = trouble(done)
    if reason then bad[#bad + 1] = reason else good[i] = done.result end
  end
  return good, bad
end

local function run(...) return { name = "system.run", args = { argv = { ... } } } end

-- What it knows --------------------------------------------------------------------------------
-- Each skill: `wants(lower, text)` tells whether a request is for it, and may return what it is
-- about; `calls(about)` the tool calls; `tell(good, about)` an answer, or more tool calls.

local skills = {}

skills[#skills + 1] = {
  wants = function(_, text) return text:match("^%s*[Rr][Uu][Nn]:%s*(.+)$") end,
  calls = function(command) return { { name = "system.run", args = { command = command } } } end,
  tell = function(good) return excerpt(good[1].content, 60) end,
}

skills[#skills + 1] = {
  wants = function(lower, text)
    local at = lower:match("^%s*read%s+()") or lower:match("^%s*cat%s+()")
    if at then return unquoted(text:sub(at)) end
    at = lower:match("^%s*show me%s+()") or lower:match("^%s*show%s+()")
    local path = at and text:sub(at):match("^%S*[./]%S*%s*$")
    return path and unquoted(path)
  end,
  calls = function(path) return { { name = "fs.read", args = { path = path } } } end,
  tell = function(good, path)
    local count = #lines(good[1].content)
    return ("%s (%d lines):\n\n%s"):format(path, count, excerpt(good[1].content, 40))
  end,
}

skills[#skills + 1] = {
  wants = function(lower)
    return has(lower, "space", "disk", "size", "du", "big files", "large files", "biggest", "largest")
  end,
  calls = function() return { run("du", "-k", "-d", "1", "."), run("df", "-Pk", ".") } end,
  tell = function(good)
    local said, parts, total, rest = {}, {}, nil, 0
    for _, line in ipairs(lines(good[1] and stdout(good[1]) or "")) do
      local size, name = line:match("^(%d+)%s+(.+)$")
      size = tonumber(size)
      if size and name == "." then
        total = size
      elseif size then
        parts[#parts + 1], rest = { size = size, name = name:gsub("^%./", "") .. "/" }, rest + size
      end
    end
    if total and total > rest then parts[#parts + 1] = { size = total - rest, name = "files directly in it" } end
    table.sort(parts, function(a, b) return a.size > b.size or a.size == b.size and a.name < b.name end)
    if total then said[1] = ("This directory takes up %s."):format(human(total)) end
    if #parts > 0 then said[#said + 1] = "Most of it:\n" end
    for i = 1, math.min(8, #parts) do
      local share = total and total > 0 and (" (%d %%)"):format(parts[i].size * 100 // total) or ""
      said[#said + 1] = ("  %10s  %s%s"):format(human(parts[i].size), parts[i].name, share)
    end
    if good[1] and exit_code(good[1]) ~= 0 then
      said[#said + 1] = "\nSome of it could not be read, so it may be more."
    end
    for _, line in ipairs(lines(good[2] and stdout(good[2]) or "")) do
      local size, _, free, share = line:match("^.-%s+(%d+)%s+(%d+)%s+(%d+)%s+(%d+)%%")
      if size then
        said[#said + 1] = ("\nThe disk is %s %% full: %s of %s are free."):format(share, human(free), human(size))
      end
    end
    return table.concat(said, "\n")
  end,
}

skills[#skills + 1] = {
  wants = function(lower, text)
    local at = lower:match("^%s*find%s+()") or lower:match("search for%s+()") or lower:match("^%s*grep%s+()")
    return at and unquoted(text:sub(at))
  end,
  calls = function(about)
    local pattern = about:gsub("[%^%$%(%)%.%[%]%*%+%?{}|\\]", "\\%0")
    return { { name = "fs.search", args = { pattern = pattern, ignore_case = true } } }
  end,
  tell = function(good, about) return ("What I found for %q:\n\n%s"):format(about, excerpt(good[1].content, 20)) end,
}

skills[#skills + 1] = {
  wants = function(lower) return has(lower, "memory", "ram", "swap") end,
  calls = function() return { run("free", "-m") } end,
  tell = function(good)
    local text = stdout(good[2] or good[1])
    local total, used = text:match("Mem:%s+(%d+)%s+(%d+)")
    if total then
      local available = text:match("Mem:%s+%d+%s+%d+%s+%d+%s+%d+%s+%d+%s+(%d+)") or total - used
      return ("%s of %s memory are in use; programs can get %s more."):format(
        human(used * 1024), human(total * 1024), human(available * 1024))
    end
    local page = tonumber(text:match("page size of (%d+) bytes"))
    if not page then return "I can't make sense of this:\n\n" .. excerpt(text, 10) end
    local function pages(name) return human((text:match("Pages " .. name .. ":%s+(%d+)") or 0) * page // 1024) end
    return ("%s are free, %s inactive, %s active, and %s wired down."):format(
      pages("free"), pages("inactive"), pages("active"), pages("wired down"))
  end,
  -- macOS has no `free`.
  otherwise = function() return { run("vm_stat") } end,
}

skills[#skills + 1] = {
  wants = function(lower) return has(lower, "process", "processes", "cpu", "busy", "running", "top") end,
  calls = function() return { run("ps", "-eo", "pid,pcpu,pmem,comm") } end,
  tell = function(good)
    local all = {}
    for _, line in ipairs(lines(stdout(good[1]))) do
      local pid, cpu, mem, name = line:match("^%s*(%d+)%s+([%d.]+)%s+([%d.]+)%s+(.+)$")
      cpu, mem = tonumber(cpu), tonumber(mem)
      if pid and cpu and mem then all[#all + 1] = { pid = tonumber(pid), cpu = cpu, mem = mem, name = name } end
    end
    table.sort(all, function(a, b)
      if a.cpu ~= b.cpu then return a.cpu > b.cpu end
      if a.mem ~= b.mem then return a.mem > b.mem end
      return a.pid < b.pid
    end)
    local said = { ("%d processes; the busiest:\n"):format(#all), "     pid   cpu %   mem %  name" }
    for i = 1, math.min(8, #all) do
      local p = all[i]
      said[#said + 1] = ("  %6d  %6.1f  %6.1f  %s"):format(p.pid, p.cpu, p.mem, p.name)
    end
    return table.concat(said, "\n")
  end,
}

skills[#skills + 1] = {
  wants = function(lower) return has(lower, "uptime", "load", "how long") end,
  calls = function() return { run("uptime") } end,
  tell = function(good)
    local text = stdout(good[1])
    local up, load = text:match("up%s+(.-),%s+%d+%s+users?"), text:match("load averages?:%s*([^\n]+)")
    if not up then return excerpt(text, 3) end
    return ("This machine has been up for %s. Its load in the last 1, 5 and 15 minutes: %s."):format(up, load or "?")
  end,
}

skills[#skills + 1] = {
  wants = function(lower) return has(lower, "list", "files", "ls", "directory", "folder") end,
  calls = function() return { { name = "fs.list", args = { path = "." } } } end,
  tell = function(good) return "Here is:\n\n" .. excerpt(good[1].content, 40) end,
}

-- The conversation -----------------------------------------------------------------------------

-- The last thing that the user said, and the calls made since with their results: in the order of
-- the calls, whichever ended first.
local function since(messages)
  local text, calls, results, done = "", {}, {}, {}
  for _, message in ipairs(messages) do
    if message.role == "user" then
      text, calls, results = message.content, {}, {}
    end
    for _, call in ipairs(message.tool_calls or {}) do calls[#calls + 1] = call end
    if message.role == "tool" then results[message.tool_call_id] = message end
  end
  for _, call in ipairs(calls) do
    if results[call.id] then done[#done + 1] = { call = call, result = results[call.id] } end
  end
  return text, done
end

local function offered(tools, calls)
  local names = {}
  for _, tool in ipairs(tools) do names[tool.name] = true end
  for _, call in ipairs(calls) do
    if not names[call.name] then return nil, call.name end
  end
  return calls
end

local function respond(request)
  local text, done = since(request.messages)
  for _, skill in ipairs(skills) do
    local about = skill.wants(text:lower(), text)
    if about then
      local calls = #done == 0 and skill.calls(about)
      local good, bad = sorted(done)
      local failed = #done == 1 and done[1].result.status ~= "denied" and (bad[1] or exit_code(good[1]) ~= 0)
      if skill.otherwise and failed then calls = skill.otherwise() end
      if calls then
        local possible, missing = offered(request.tools, calls)
        if possible then return nil, possible end
        return ("For that I need the tool %s, which this agent does not have."):format(missing)
      end
      local said = next(good) and skill.tell(good, about) or ""
      if #bad > 0 and not (skill.otherwise and next(good)) then
        said = said .. (said ~= "" and "\n\n" or "") .. table.concat(bad, "\n")
      end
      return said
    end
  end
  return "I can't help with that: I know a few requests by their words. Try one of these:\n\n" .. ABILITIES
end

return {
  chat = function(request, emit)
    local text, calls = respond(request)
    if calls then return { tool_calls = calls } end
    for line in (text .. FOOTER):gmatch("[^\n]*\n?") do emit(line) end
    return {}
  end,
}

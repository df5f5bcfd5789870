-- Tells you of new errors in a log, with a word from the agent on what they may mean.
--
-- Needs: LOG_FILE in the environment (default: app.log in the workspace).
-- Run:   openpista --config log_watcher.lua repl

local log = pista.env("LOG_FILE", "app.log")

-- The lines since the last look that speak of an error. Where it got to is kept over restarts.
local function news()
  local seen = pista.kv.get("log_watcher.seen") or 0
  local out = pista.system.run({ "tail", "-c", "+" .. seen + 1, log })
  if out.exit_code ~= 0 then
    pista.log.warn("the log can't be read", { file = log, reason = out.stderr })
    return {}
  end
  pista.kv.set("log_watcher.seen", seen + #out.stdout)
  local errors = {}
  for line in out.stdout:gmatch("[^\n]+") do
    if line:lower():find("error", 1, true) then errors[#errors + 1] = line end
  end
  return errors
end

pista.cron("log-watcher", { every = pista.env("LOG_EVERY", "30s"), to = "repl:me" }, function()
  local errors = news()
  if #errors == 0 then return end
  local lines = table.concat(errors, "\n")
  local ok, meaning = pcall(pista.ask_agent, "main",
    "These lines came up in " .. log .. ". Say in one sentence what they may mean:\n" .. lines)
  return #errors .. " new errors in " .. log .. ":\n" .. lines .. (ok and "\n" .. meaning or "")
end)

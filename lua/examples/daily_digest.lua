-- Every weekday at eight: what changed in the workspace since yesterday, in a few sentences. When the
-- machine was off at eight, it comes once as soon as it is on again.
--
-- Run: openpista --config daily_digest.lua repl       (or: openpista cron run digest)

pista.agent("digest", {
  prompt = "You write short digests. Say what changed and what looks odd, in at most five sentences.",
  tools = { deny = { "*" } },
})

pista.cron("digest", { at = "0 8 * * 1-5", tz = "Europe/Berlin", missed = "once", to = "repl:me" }, function()
  local out = pista.system.run({ "find", ".", "-type", "f", "-mtime", "-1", "-not", "-path", "*/.*" })
  if out.stdout == "" then return "Nothing changed since yesterday." end
  return (pista.ask_agent("digest", "These files changed since yesterday:\n" .. out.stdout))
end)

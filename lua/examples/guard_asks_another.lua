-- Four eyes: what would change the machine is decided by another person, on another channel. They
-- answer "yes CODE" or "no CODE" there; no answer within two minutes means no.
--
-- The channel here is a pair of files, so that it runs anywhere: lines of "USER TEXT" in inbox.txt come
-- in, and messages for a person are appended to outbox.txt.
-- Run: openpista --config guard_asks_another.lua repl

local GUARD = "files:grace"

pista.channel("files", {
  users = { "grace" },
  start = function(self)
    local taken = 0
    while true do
      local out = pista.system.run({ "cat", "inbox.txt" })
      local number = 0
      for line in out.stdout:gmatch("([^\n]*)\n") do
        number = number + 1
        local user, text = line:match("^(%S+)%s+(.+)$")
        if number > taken and user then
          self:receive { id = tostring(number), from = user, text = text }
        end
      end
      taken = math.max(taken, number)
      pista.sleep(0.2)
    end
  end,
  send = function(_, to, message)
    pista.system.run({ "tee", "-a", "outbox.txt" }, { stdin = to .. ": " .. message.text .. "\n" })
  end,
})

pista.hook("tool_call", function(call)
  if call.name == "system.run" or call.name == "fs.write" or call.name == "fs.edit" then
    return pista.ask { to = GUARD, timeout = 120 }
  end
end)

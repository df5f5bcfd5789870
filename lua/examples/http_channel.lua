-- A channel over HTTP polling: messages are fetched from a server, answers are posted back. The server
-- answers GET /messages?after=ID with a list of {id, from, text}, and takes POST /answers {to, text}.
--
-- Needs: CHAT_URL (default http://127.0.0.1:8099), and CHAT_USER, the id of the person who may speak.
-- Run:   openpista --config http_channel.lua repl

local server = pista.env("CHAT_URL", "http://127.0.0.1:8099")
-- A server on this machine is nothing that scripts may reach by default.
local here = { allow_cidrs = { "127.0.0.0/8" } }

pista.channel("http", {
  users = { pista.env("CHAT_USER", "ada") },
  start = function(self)
    while true do
      local after = pista.kv.get("http_channel.after") or 0
      local ok, answer = pcall(pista.http.get, server .. "/messages?after=" .. after, here)
      if ok and answer.status == 200 then
        for _, message in ipairs(pista.json.decode(answer.body)) do
          -- Stored before the place is moved on: a crash in between hands it in again, and it is known then.
          self:receive { id = message.id, from = message.from, text = message.text }
          pista.kv.set("http_channel.after", message.id)
        end
      elseif not ok then
        pista.log.warn("the chat server can't be reached", { reason = tostring(answer) })
      end
      pista.sleep(ok and 0.2 or 2)
    end
  end,
  send = function(_, to, message)
    local answer = pista.http.request {
      method = "POST", url = server .. "/answers", allow_cidrs = here.allow_cidrs,
      headers = { ["content-type"] = "application/json" },
      body = pista.json.encode { to = to, text = message.text },
    }
    if answer.status >= 300 then error("the chat server says " .. answer.status) end
  end,
})

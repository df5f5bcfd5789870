-- A model written in Lua: it answers what it knows, calls a tool for what the machine knows, and leaves
-- the rest to a real model, if one is configured.
--
-- Run: openpista --config lua_provider.lua run -e "when is the office open?"

local KNOWN = {
  ["office"] = "The office is open from nine to five, Monday to Friday.",
  ["wifi"] = "The network is called guest; the password is on the fridge.",
}

pista.provider("faq", {
  chat = function(request, emit)
    local last = request.messages[#request.messages]
    if last.role == "tool" and last.name == "fs.list" then return "It says: " .. last.content end
    local question = last.content:lower()
    for word, answer in pairs(KNOWN) do
      if question:find(word, 1, true) then
        emit(answer)
        return { text = answer }
      end
    end
    if question:find("files", 1, true) then
      return { tool_calls = { { name = "fs.list", args = { path = "." } } } }
    end
    -- An error makes the next one of the chain answer.
    error("I don't know that")
  end,
  fallback = { "demo" },
})

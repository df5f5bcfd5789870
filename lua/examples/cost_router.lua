-- Two models: a cheap one for small talk, a good one for code and long questions. The choice is made
-- anew for each call of the model, and noted in the log.
--
-- Needs: CHEAP_URL and GOOD_URL, two servers that speak the OpenAI protocol.
-- Run:   openpista --config cost_router.lua -v run -e "what is a monad?"

pista.provider("cheap", { base_url = pista.env("CHEAP_URL", "http://127.0.0.1:8081/v1"), model = "small" })
pista.provider("good", { base_url = pista.env("GOOD_URL", "http://127.0.0.1:8082/v1"), model = "large" })
pista.setup { model = "cheap/small" }

local LONG = 400

-- By turn: several may be under way.
local hard = {}

pista.hook("message", function(message)
  local text = message.text
  hard[message.turn] = #text > LONG or text:find("```", 1, true) or text:lower():find("code", 1, true)
end)

pista.hook("model", function(call)
  local model = hard[call.turn] and "good/large" or "cheap/small"
  pista.log.info("routed", { model = model, round = call.round })
  return model
end)

pista.on("turn.end", function(turn) hard[turn.turn] = nil end)

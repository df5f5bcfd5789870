---@meta pista.llm

---Models, without an agent around them: no tools run, nothing is remembered. What a call costs counts
---for the agent's day.
---@class pista.llm
pista.llm = {}

---Asks a model once, with the retries and fallbacks of its provider.
---
---    local answer = pista.llm.chat { system = "One word.", prompt = "The capital of Korea?" }
---    print(answer.text, answer.usage.total)
---@param request pista.ModelRequest
---@return pista.ModelAnswer
function pista.llm.chat(request) end

---The providers there are, and the model of each.
---
---    for _, model in ipairs(pista.llm.models()) do print(model.model, model.default) end
---@return { provider: string, model: string, default: boolean, context_window?: integer, price?: { input: number, output: number } }[]
function pista.llm.models() end

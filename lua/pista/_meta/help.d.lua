---@meta pista.help

---Prints what a function, a module or a type of the API is for; without an argument, what there is.
---At the prompt and in `openpista eval`.
---
---    help("pista.tools")
---    help(pista.ask_agent)
---@param what? string|function|table A name, or the thing itself.
function help(what) end

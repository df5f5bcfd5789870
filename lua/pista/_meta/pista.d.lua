---@meta pista

---The engine's API. The global `pista` and `require("pista")` are the same table.
---
---While `init.lua` loads, `setup`, `provider`, `agent`, `tool`, `hook` and `on` declare what there
---is; nothing acts yet. Afterwards the functions given to them run, each with a time limit. A
---wrong argument raises an error that names the line and the nearest name that exists.
---@class pista
pista = {}

---The program's version, such as `"0.1.0"`.
---@type string
pista.version = ""

---The version of this API. It rises when something changes its meaning.
---@type integer
pista.api_version = 1

---Settings; `openpista config show` lists all keys. Each key can be set once.
---
---    pista.setup { model = "openai/gpt-5-mini", max_tool_rounds = 10 }
---@param settings table<string, any>
function pista.setup(settings) end

---Declares something that answers for models: a server, or a function.
---
---    pista.provider("local", { base_url = "http://127.0.0.1:8080/v1", fallback = { "cloud" } })
---    pista.provider("mine", { chat = function(request) return { text = "Hello." } end })
---@param name string What stands before the slash in `provider/model`.
---@param options pista.Provider
function pista.provider(name, options) end

---Declares an agent: a model, a prompt, and what it may do.
---
---    pista.agent("main", {
---      prompt = "You look after this machine.",
---      tools = { allow = { "fs.read", { "system.run", argv = { "uptime" } } }, ask = { "system.run" } },
---      budget = { usd_per_day = 2 },
---    })
---@param name string
---@param options pista.Agent
function pista.agent(name, options) end

---Declares a tool for models.
---
---    pista.tool {
---      name = "weather",
---      description = "The weather in a city.",
---      parameters = { city = "string", days = { type = "integer", optional = true } },
---      effect = "read",
---      run = function(args, ctx) return { city = args.city, sky = "clear" } end,
---    }
---@param tool pista.Tool
function pista.tool(tool) end

---Takes part in a turn.
---
---`prompt`: gets the prompt and returns it changed; nothing means unchanged. One that fails is
---left out, and after three failures in a row it is switched off.
---
---`tool_call`: decides about a call before it runs. Every hook is asked until one denies or
---answers; asking outweighs allowing; nothing leaves it to the other hooks and to the rules. One
---that fails or is late denies the call. After `{ args = … }` the next hooks see the new arguments,
---and what was allowed before counts no more.
---
---    pista.hook("prompt", function(p) p.system = p.system .. "\nBe brief." return p end)
---    pista.hook("tool_call", { priority = 10 }, function(call)
---      if call.name == "http.get" then return pista.deny("no web tonight") end
---    end)
---@param point "prompt"
---@param options pista.HookOptions
---@param fn fun(prompt: pista.PromptDraft): pista.PromptDraft?
---@overload fun(point: "prompt", fn: fun(prompt: pista.PromptDraft): pista.PromptDraft?)
---@overload fun(point: "tool_call", fn: fun(call: pista.HookedCall): pista.Verdict|{ args: table }|nil)
---@overload fun(point: "tool_call", options: pista.HookOptions, fn: fun(call: pista.HookedCall): pista.Verdict|{ args: table }|nil)
function pista.hook(point, options, fn) end

---Observes an event. Observers run one after the other, in the order in which they were declared;
---an error in one is logged and hurts no other.
---
---    pista.on("turn.end", function(turn) pista.log.info("turn", { tokens = turn.usage.total }) end)
---@param event pista.Event
---@param fn fun(payload: table)
function pista.on(event, fn) end

---A `tool_call` hook's verdict: run it without asking. Rules that deny still deny.
---@return pista.Verdict
function pista.allow() end

---A `tool_call` hook's verdict: don't run it.
---@param reason? string What the model and the user are told.
---@return pista.Verdict
function pista.deny(reason) end

---A `tool_call` hook's verdict: ask a person first. Where nobody can be asked, that means no.
---@param options? {}
---@return pista.Verdict
function pista.ask(options) end

---A `tool_call` hook's verdict: don't run it, this is its result. A table is sent as JSON.
---@param result any
---@return pista.Verdict
function pista.answer(result) end

---An environment variable. Those whose names look like secrets are refused: see `pista.secret`.
---@param name string
---@param default? string What to return when it is not set.
---@return string?
function pista.env(name, default) end

---Names where a secret is kept: `env:NAME`, `file:PATH` or `cmd:COMMAND`. The value is fetched
---when it is needed, and never shown to Lua.
---@param reference string
---@return pista.Secret
function pista.secret(reference) end

---Has an agent answer, in a conversation of its own unless one is named, and waits for it. Raises
---when there is no answer. At most 4 agents wait for one another.
---
---    local text = pista.ask_agent("main", "Which of these files are logs?", { session = "housekeeping" })
---@param agent string
---@param text string
---@param options? { session?: string, model?: string } A session that isn't there begins under that name.
---@return string answer
---@return { session: string, model: string, rounds: integer, input: integer, output: integer, usd?: number } details
function pista.ask_agent(agent, text, options) end

---Waits, while other handlers run. Only inside a handler, and not inside a coroutine that the
---script made.
---@param seconds number
function pista.sleep(seconds) end

---Starts a function beside this handler, which does not wait for it. At most 64 run at once; each may
---run 5 seconds between two waits, and ends with this configuration. An error in it is logged.
---
---    local task = pista.spawn(function(name) pista.sleep(0.01) return "hello " .. name end, "ada")
---    assert(task:wait() == "hello ada")
---@param fn fun(...): ...
---@param ... any What the function gets.
---@return pista.Task
function pista.spawn(fn, ...) end

---Shows a notification: on the desktop where there is one, else at the terminal. Says whether anybody
---could see it.
---
---    pista.notify("The backup is done", { title = "backup" })
---@param text string
---@param options? { title?: string }
---@return boolean
function pista.notify(text, options) end

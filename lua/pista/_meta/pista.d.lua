---@meta pista

---The engine's API. The global `pista` and `require("pista")` are the same table.
---
---While `init.lua` loads, `setup`, `provider`, `agent`, `channel`, `tool`, `command`, `hook` and
---`on` declare what there is; nothing acts yet. Afterwards the functions given to them run, each with a time limit. A
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
---@param settings pista.Settings
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

---Declares a profile of containers. Models and skills choose one by its name; what a container sees
---and may is fixed here. By default: no network, a read-only root and workspace, no capabilities, and
---nobody as its user. What it may write to the workspace belongs to you.
---
---    pista.sandbox("build", { image = "gcc:14", memory = "1g", cpus = 2, workspace = "write" })
---@param name string
---@param options pista.Sandbox
function pista.sandbox(name, options) end

---Takes part in what happens, at one of these points:
---
---- `message`: a message comes in. Change its text, send it to another agent or session, answer it
---  with `pista.answer(text)`, or leave it unanswered with `pista.drop(reason)`.
---- `model`: a model is about to be asked. Return another model's name.
---- `prompt`: the system prompt is made. Return it changed.
---- `response`: a model has answered; nothing is stored or done yet. Return the text changed.
---- `tool_call`: a tool is about to run. Return a verdict, or `{ args = … }`.
---- `tool_result`: a tool has its result; it is not stored yet. Return the content changed.
---- `finalize`: a turn has its answer. `{ retry = remark }` sends it back to the model, at most
---  twice a turn.
---- `reply`: the answer goes to the person. Return the text changed; what is stored stays.
---- `outbound`: a message leaves by a channel. Return it changed, or `pista.drop()`.
---- `approval`: a person would be asked about a call. `pista.allow()`, `pista.deny()`, or
---  `pista.ask { to = … }` for somebody else; nothing asks whoever is there.
---- `compaction`: a conversation has grown long. `{ summary = … }`, `{ keep = true }`, or nothing.
---- `cron`: a run of a job is about to begin. `false` or `pista.deny(reason)` leaves it out.
---
---What a hook returns goes to the next one; nothing means unchanged. A hook at `tool_call` that
---fails or is late denies the call, and one at `message` leaves the message unanswered; both say so
---with file and line. Anywhere else it is left out, and after three failures in a row it is switched
---off. While there are hooks at `response`, `finalize` or `reply`, answers don't stream.
---
---At `tool_call` every hook is asked until one denies or answers; asking outweighs allowing; nothing
---leaves it to the other hooks and to the rules. After `{ args = … }` the next hooks see the new
---arguments, and what was allowed before counts no more.
---
---    pista.hook("prompt", function(p) p.system = p.system .. "\nBe brief." return p end)
---    pista.hook("tool_call", { priority = 10 }, function(call)
---      if call.name == "http.get" then return pista.deny("no web tonight") end
---    end)
---    pista.hook("tool_result", function(r) return (r.content:gsub("%d%d%d%d%-%d%d%d%d", "####")) end)
---@param point "prompt"
---@param options pista.HookOptions
---@param fn fun(prompt: pista.PromptDraft): pista.PromptDraft?
---@overload fun(point: "prompt", fn: fun(prompt: pista.PromptDraft): pista.PromptDraft?)
---@overload fun(point: "tool_call", fn: fun(call: pista.HookedCall): pista.Verdict|{ args: table }|nil)
---@overload fun(point: "tool_call", options: pista.HookOptions, fn: fun(call: pista.HookedCall): pista.Verdict|{ args: table }|nil)
---@overload fun(point: "message", fn: fun(message: pista.HookedMessage): pista.HookedMessage|pista.Verdict|nil)
---@overload fun(point: "message", options: pista.HookOptions, fn: fun(message: pista.HookedMessage): pista.HookedMessage|pista.Verdict|nil)
---@overload fun(point: "model", fn: fun(choice: pista.HookedModel): pista.HookedModel|string|nil)
---@overload fun(point: "model", options: pista.HookOptions, fn: fun(choice: pista.HookedModel): pista.HookedModel|string|nil)
---@overload fun(point: "response", fn: fun(response: pista.HookedResponse): pista.HookedResponse|string|nil)
---@overload fun(point: "response", options: pista.HookOptions, fn: fun(response: pista.HookedResponse): pista.HookedResponse|string|nil)
---@overload fun(point: "tool_result", fn: fun(result: pista.HookedResult): pista.HookedResult|string|nil)
---@overload fun(point: "tool_result", options: pista.HookOptions, fn: fun(result: pista.HookedResult): pista.HookedResult|string|nil)
---@overload fun(point: "finalize", fn: fun(answer: pista.HookedAnswer): { retry: string }?)
---@overload fun(point: "finalize", options: pista.HookOptions, fn: fun(answer: pista.HookedAnswer): { retry: string }?)
---@overload fun(point: "reply", fn: fun(reply: pista.HookedReply): pista.HookedReply|string|nil)
---@overload fun(point: "reply", options: pista.HookOptions, fn: fun(reply: pista.HookedReply): pista.HookedReply|string|nil)
---@overload fun(point: "outbound", fn: fun(message: pista.HookedOutbound): pista.HookedOutbound|string|pista.Verdict|nil)
---@overload fun(point: "outbound", options: pista.HookOptions, fn: fun(message: pista.HookedOutbound): pista.HookedOutbound|string|pista.Verdict|nil)
---@overload fun(point: "approval", fn: fun(question: pista.HookedQuestion): pista.Verdict?)
---@overload fun(point: "approval", options: pista.HookOptions, fn: fun(question: pista.HookedQuestion): pista.Verdict?)
---@overload fun(point: "compaction", fn: fun(past: pista.HookedPast): string|{ summary: string }|{ keep: boolean }|nil)
---@overload fun(point: "compaction", options: pista.HookOptions, fn: fun(past: pista.HookedPast): string|{ summary: string }|{ keep: boolean }|nil)
---@overload fun(point: "cron", fn: fun(run: pista.HookedRun): boolean|pista.Verdict|nil)
---@overload fun(point: "cron", options: pista.HookOptions, fn: fun(run: pista.HookedRun): boolean|pista.Verdict|nil)
function pista.hook(point, options, fn) end

---Observes an event. Observers run one after the other, in the order in which they were declared;
---an error in one is logged and hurts no other.
---
---    pista.on("turn.end", function(turn) pista.log.info("turn", { tokens = turn.usage.total }) end)
---@param event pista.Event
---@param fn fun(payload: table)
---@overload fun(event: "turn.start", fn: fun(turn: pista.TurnStarted))
---@overload fun(event: "turn.end", fn: fun(turn: pista.TurnEnded))
---@overload fun(event: "tool.start", fn: fun(call: pista.ToolStarted))
---@overload fun(event: "tool.end", fn: fun(call: pista.ToolEnded))
---@overload fun(event: "llm.start", fn: fun(call: pista.ModelStarted))
---@overload fun(event: "llm.end", fn: fun(call: pista.ModelEnded))
---@overload fun(event: "session.start", fn: fun(session: pista.Context))
---@overload fun(event: "session.reset", fn: fun(session: pista.SessionReset))
---@overload fun(event: "channel.up", fn: fun(channel: pista.ChannelState))
---@overload fun(event: "channel.down", fn: fun(channel: pista.ChannelState))
---@overload fun(event: "task.failed", fn: fun(failure: pista.TaskFailure))
---@overload fun(event: "approval.asked", fn: fun(question: pista.ApprovalAsked))
---@overload fun(event: "approval.decided", fn: fun(answer: pista.ApprovalDecided))
---@overload fun(event: "cron.done", fn: fun(run: pista.CronDone))
---@overload fun(event: "reload", fn: fun(reload: pista.Reload))
---@overload fun(event: "error", fn: fun(error: pista.TurnError))
---@overload fun(event: "shutdown", fn: fun(payload: {}))
function pista.on(event, fn) end

---A hook's verdict: run the call without asking. Rules that deny still deny.
---@return pista.Verdict
function pista.allow() end

---A hook's verdict: don't run the call.
---@param reason? string What the model and the user are told.
---@return pista.Verdict
function pista.deny(reason) end

---A hook's verdict: ask a person first. Without `to` that is whoever speaks; where nobody can be
---asked, that means no. With `to` it is that person and nobody else, by their channel; no answer in
---time means no.
---
---    return pista.ask { to = "telegram:123456", timeout = 120 }
---@param options? { to?: string|string[], timeout?: number } `channel:person` or a list of at most 16, of whom the first to answer decides; seconds (default 300).
---@return pista.Verdict
function pista.ask(options) end

---A hook's verdict: don't run the call, this is its result (a table is sent as JSON); or, at
---`message`, the answer to the message.
---@param result any
---@return pista.Verdict
function pista.answer(result) end

---A verdict of a `message` or `outbound` hook: the message ends here.
---@param reason? string
---@return pista.Verdict
function pista.drop(reason) end

---Declares a command: `/deploy staging` at the prompt and in chats. It needs no model, and does not
---wait behind an answer. The text that it returns is shown; a table is shown as JSON.
---
---    pista.command("deploy", { help = "deploys to a place" }, function(ctx, args)
---      local out = pista.system.run({ "./deploy.sh", args[1] or "staging" })
---      return out.exit_code == 0 and "deployed" or out.stderr
---    end)
---@param name string Without the slash.
---@param options { help?: string, timeout?: number } Seconds of its own, default 60: a worker, a command, an agent or a model that it calls has a time of its own, and is waited for.
---@param fn fun(ctx: pista.Context, args: pista.CommandArgs): any
---@overload fun(name: string, fn: fun(ctx: pista.Context, args: pista.CommandArgs): any)
function pista.command(name, options, fn) end

---Declares a way in and out for messages. `start` runs as long as the channel is up: it hands in
---what arrives with `self:receive`, and is started again when it fails. `send` delivers one
---message; when it raises, the message is tried again. Nobody may speak whom `users` does not name.
---
---    pista.channel("files", {
---      users = { "ada" },
---      start = function(self)
---        for n = 1, math.huge do
---          local line = pista.system.run({ "sh", "-c", "sed -n " .. n .. "p inbox" }).stdout
---          while line == "" do
---            pista.sleep(1)
---            line = pista.system.run({ "sh", "-c", "sed -n " .. n .. "p inbox" }).stdout
---          end
---          self:receive { from = "ada", id = n, text = line }
---        end
---      end,
---      send = function(self, to, message)
---        pista.system.run({ "sh", "-c", 'printf "%s\\n" "$1" >> outbox', "sh", message.text })
---      end,
---    })
---
---A bot on Telegram (docs/telegram.md) needs no functions:
---
---    pista.channel("telegram", { token = pista.secret("env:TELEGRAM_TOKEN"), users = { 123456 } })
---
---With `kind = "http"` it is a channel for programs, which POST messages to it.
---
---    pista.channel("hook", { kind = "http", token = pista.secret("env:HOOK_TOKEN") })
---@param name string
---@param options pista.Channel|pista.TelegramChannel|pista.HttpChannel
function pista.channel(name, options) end

---Sends a message: `channel:conversation`, or `repl` for whoever is at the prompt. Once this returns
---the message is kept until it is delivered.
---
---    pista.send("telegram:123456", "The backup is done.")
---    pista.send("telegram:123456", { text = "The plan", files = { "plan.pdf" } })
---@param to string
---@param message string|pista.Outgoing
function pista.send(to, message) end

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
---`openpista eval` and `openpista lua` wait for the tasks that they started.
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

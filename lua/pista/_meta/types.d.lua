---@meta pista.types

---A place where a secret is kept. `tostring` shows the place.
---@class pista.Secret

---What an error of the API is: `tostring(err)` reads `init.lua:12: …`.
---@class pista.Error
---@field kind "usage"|"runtime"|"timeout"|"memory"|"io"|"result"|"syntax"|"cancelled"|"stuck"|"closed"|"denied"|"not_found"|"model"
---@field message string Without the place.
---@field file? string
---@field line? integer
---@field data? any What there is besides the message, such as the output of a command until it was stopped.

---@class pista.Provider
---@field base_url? string A server that speaks the chat completions protocol; normally ends in `/v1`.
---@field api_key? pista.Secret
---@field dialect? table Flags for servers that differ.
---@field chat? fun(request: pista.ChatRequest, emit: fun(text: string)): pista.ChatAnswer|string Instead of a server.
---@field timeout? number Seconds that one answer of `chat` may take. Default 120.
---@field fallback? string[] Providers, or `provider/model`, to try when this one fails.
---@field model? string The model when none is named.
---@field context_window? integer Tokens.
---@field price? { input: number, output: number } US dollars per million tokens.

---@class pista.ChatRequest
---@field model string Without the provider's name; may be empty.
---@field system string
---@field messages pista.Message[] Oldest first.
---@field tools { name: string, description: string, parameters: table }[] `parameters` is a JSON Schema.
---@field max_tokens? integer

---@class pista.Message
---@field role "user"|"assistant"|"tool"|"notice"
---@field content string
---@field tool_calls? { id: string, name: string, arguments: table }[] Of an assistant.
---@field tool_call_id? string Of a tool: the call that this answers.
---@field name? string Of a tool.
---@field status? "ok"|"error"|"denied"|"cancelled"|"interrupted" Of a tool.
---@field meta? table Of a tool: facts such as `exit_code`.

---What `chat` returns. Text that was emitted need not be returned again.
---@class pista.ChatAnswer
---@field text? string
---@field tool_calls? { name: string, args?: table, id?: string }[]
---@field usage? { input: integer, output: integer } Tokens; estimated when left out.

---@class pista.Agent
---@field model? string `provider/model`; else the default model.
---@field prompt? string|fun(ctx: pista.Context): string The system prompt; else the engine's own.
---@field tools? { allow?: pista.Rule[], ask?: pista.Rule[], deny?: pista.Rule[] }
---@field skills? string[] Skills that it may use, such as `"log-*"`. Default: all that are trusted.
---@field budget? { tokens_per_turn?: integer, usd_per_day?: number }

---A tool's name, a pattern such as `"fs.*"`, or one exact command:
---`{ "system.run", argv = { "git", "status" } }`.
---@alias pista.Rule string|{ [1]: string, argv: string[] }

---@class pista.Tool
---@field name string Words of letters, digits, `_` and `-`, joined by dots.
---@field description string For the model.
---@field parameters? table<string, pista.Parameter>|pista.Schema
---@field run fun(args: table, ctx: pista.Context): any Text is sent as it is, anything else as JSON.
---@field effect? "read"|"act" `act`, the default, asks where no rule says otherwise.
---@field timeout? number Seconds of its own, default 30: what it calls has a time of its own, as in `pista.command`.

---A type, with `[]` behind it for a list, and with `?` when the parameter can be left out; or a table
---with more to say.
---@alias pista.Parameter
---| "string"
---| "string?"
---| "string[]"
---| "string[]?"
---| "integer"
---| "integer?"
---| "integer[]"
---| "integer[]?"
---| "number"
---| "number?"
---| "number[]"
---| "number[]?"
---| "boolean"
---| "boolean?"
---| "boolean[]"
---| "boolean[]?"
---| "object"
---| "object?"
---| "object[]"
---| "object[]?"
---| pista.ParameterOptions

---`{ type = "integer", description = "…", optional = true }`. The rest is a JSON Schema's.
---@class pista.ParameterOptions
---@field type string A type as above, or `"array"` with `items`.
---@field description? string For the model.
---@field optional? boolean Whether it can be left out.
---@field enum? any[] The values that it can have.
---@field default? any
---@field items? table The type of a list's items.
---@field properties? table<string, table> The parts of an object.
---@field required? string[] The parts that must be there.
---@field minimum? number
---@field maximum? number

---A JSON Schema of an object.
---@class pista.Schema
---@field type "object"
---@field properties? table<string, table>
---@field required? string[]
---@field additionalProperties? boolean|table
---@field description? string

---@class pista.HookOptions
---@field priority? integer Higher runs first; default 0.

---Where and for whom something happens.
---@class pista.Context
---@field session string
---@field turn string
---@field agent string
---@field channel string
---@field user string

---@class pista.PromptDraft: pista.Context
---@field system string

---@class pista.HookedCall: pista.Context
---@field name string The tool.
---@field args table

---Made by `pista.allow`, `pista.deny`, `pista.ask`, `pista.answer` and `pista.drop`.
---@class pista.Verdict

---@alias pista.Event
---| "turn.start"
---| "turn.end"
---| "tool.start"
---| "tool.end"
---| "llm.start"
---| "llm.end"
---| "session.start"
---| "session.reset"
---| "channel.up"
---| "channel.down"
---| "task.failed"
---| "approval.asked"
---| "approval.decided"
---| "cron.done"
---| "error"
---| "reload"
---| "shutdown"

---What `pista.tools.call` returns.
---@class pista.ToolResult
---@field ok boolean Whether `status` is `"ok"`.
---@field status "ok"|"error"|"denied"|"cancelled"|"interrupted"
---@field content string What a model would read.
---@field meta table<string, any> Facts, such as `exit_code`.
---@field data? any The result for programs, where the tool has more than a text to give.

---@class pista.ToolListing
---@field name string
---@field description string
---@field parameters table A JSON Schema.
---@field access "allow"|"ask"|"deny"

---What a command did.
---@class pista.CommandResult
---@field exit_code? integer Absent when a signal ended it.
---@field signal? integer
---@field timed_out boolean False: one that was stopped at its time-out raises. `err.data` of that has it true.
---@field stdout string
---@field stderr string
---@field stdout_bytes integer How much there was, also where some was left out.
---@field stderr_bytes integer
---@field truncated boolean Whether output was left out.
---@field truncated_bytes? integer How much.
---@field spill? string The file that all of `stdout` is kept in, where some was left out.
---@field spill_stderr? string The same of `stderr`.
---@field lossy? boolean Whether bytes that are no UTF-8 are shown as U+FFFD.
---@field duration_ms integer

---@class pista.Sandbox
---@field image? string A skill's own `image:` goes before it.
---@field memory? string|integer Bytes, or such as `"512m"`. Default 512 MiB.
---@field cpus? number Default 1.
---@field pids? integer Processes. Default 256.
---@field network? boolean Default false.
---@field workspace? "read"|"write"|boolean How it sees the workspace, as `/workspace`. Default `"read"`.
---@field mounts? { [1]: string, [2]: string, write?: boolean }[] `{ "~/data", "/data" }`: other directories.
---@field user? string `"uid"` or `"uid:gid"`. Default: nobody; you, where it may write to the workspace or a mount.
---@field env? table<string, string>
---@field timeout? number Seconds. Default 120.
---@field fallback? "process"|"none" Whether it may run as a confined process where no Docker engine answers.

---A task that `pista.spawn` started.
---@class pista.Task
---@field status "running"|"done"|"failed"|"cancelled"
---@field wait fun(self: pista.Task): ... Waits for its end; returns what it returned, raises what it raised.
---@field cancel fun(self: pista.Task) Stops it where it waits.

---@class pista.HttpOptions
---@field headers? table<string, pista.HeaderValue>
---@field timeout? number Seconds for all of it; 30 unless given, at most 600.
---@field max_bytes? integer A longer body raises; 8 MiB unless given, at most 32 MiB.
---@field redirects? integer How many are followed; 5 unless given. 0: the redirect is the answer.
---@field allow_cidrs? string[] Addresses beside the public internet that may be asked, such as `"127.0.0.0/8"`.

---@class pista.HttpRequest: pista.HttpOptions
---@field url string
---@field method? string `GET` unless given.
---@field body? string
---@field json? any Sent as JSON, in the place of `body`.

---Text, a secret, or a list of both that are put together: `{ "Bearer ", pista.secret("env:TOKEN") }`.
---@alias pista.HeaderValue string|integer|pista.Secret|(string|pista.Secret)[]

---@class pista.HttpResponse
---@field status integer
---@field ok boolean Whether the status is 2xx.
---@field url string Where it came from, after redirects.
---@field headers table<string, string> Names in lower case.
---@field body string
---@field json? any The body as data, where its type says JSON and it is.

---@class pista.FsEntry
---@field path string Beneath the directory that was listed.
---@field name string
---@field kind "file"|"directory"|"link"|"special"
---@field size? integer Of a file.

---A note, or a message that was found.
---@class pista.Remembered
---@field kind "note"|"message"
---@field id integer
---@field source string Where it comes from.
---@field snippet? string The passage, with the found words in brackets.
---@field text? string Of a note.
---@field tags? string[] Of a note.
---@field agent? string Of a note.
---@field session? string
---@field role? string Of a message.
---@field at number Seconds since 1970.

---@class pista.SessionInfo
---@field id string
---@field name? string
---@field channel string
---@field agent string
---@field title string
---@field created number Seconds since 1970.
---@field touched number Seconds since 1970.
---@field messages integer

---@class pista.StoredMessage: pista.Message
---@field id integer
---@field turn string
---@field at number Seconds since 1970.

---@class pista.ModelRequest
---@field prompt? string The last message, of the user.
---@field messages? pista.Message[] The conversation before it.
---@field system? string
---@field model? string `provider/model`; the agent's own unless given.
---@field tools? { name: string, description?: string, parameters?: table<string, pista.Parameter> }[] What the model may ask for; you run them.
---@field max_tokens? integer

---@class pista.ModelAnswer
---@field text string
---@field tool_calls { id: string, name: string, args: table }[]
---@field usage { input: integer, output: integer, total: integer, usd?: number, estimated: boolean }
---@field model string `provider/model` that answered.
---@field cut boolean Whether the answer met a length limit.

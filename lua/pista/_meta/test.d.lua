---@meta pista.test

---What specs act through: `openpista test` runs them. Nothing leaves the process; what would is
---answered by what the spec gives. Only there in a spec.
---@class pista.test
pista.test = {}

---@class pista.test.Answer What the model says once.
---@field text? string
---@field tool_calls? { name: string, args?: table, id?: string }[]
---@field error? string The model fails with this.
---@field usage? { input: integer, output: integer }

---@class pista.test.Recording What a tool answers once.
---@field content? string|table
---@field data? any What `pista.tools.call` and its like get besides.
---@field status? "ok"|"error"
---@field meta? table
---@field stdout? string For system.run.
---@field stderr? string For system.run.
---@field exit_code? integer For system.run.

---@alias pista.test.Model string|pista.test.Answer|(string|pista.test.Answer|fun(request: table): string|pista.test.Answer)[]|fun(request: table): string|pista.test.Answer
---@alias pista.test.Tools table<string, string|pista.test.Recording|(string|pista.test.Recording)[]|fun(args: table, ctx: table): string|pista.test.Recording|nil>
---@alias pista.test.Approve "yes"|"no"|"always"|boolean|fun(call: table): "yes"|"no"|"always"|boolean|nil

---@class pista.test.Turn
---@field text string What is said.
---@field model? pista.test.Model
---@field tools? pista.test.Tools
---@field approve? pista.test.Approve
---@field user? string
---@field channel? string
---@field agent? string
---@field session? string The conversation to go on with; a new one otherwise.

---@class pista.test.Call
---@field id string
---@field name string
---@field args table
---@field status "ok"|"error"|"denied"|"cancelled"
---@field content string
---@field meta table
---@field reason? string Why it was denied.

---@class pista.test.Result
---@field text? string The answer.
---@field error? string Why there is none.
---@field error_kind? string
---@field calls pista.test.Call[]
---@field requests { model: string, system: string, messages: table[], tools: table[] }[] What the model was asked.
---@field asked table[] What a person was asked.
---@field sent { to: string, text: string }[] Messages that went out.
---@field notices string[]
---@field events table[]
---@field session string
---@field model string
---@field rounds integer
---@field usage { input: integer, output: integer, total: integer, usd?: number }

---Runs a turn: the real gateway, agent, policy and hooks, with a model that says what is given here.
---@param options pista.test.Turn
---@return pista.test.Result
function pista.test.turn(options) end

---Stand-ins for the outside.
---@class pista.test.Given
---@field model? pista.test.Model
---@field tools? pista.test.Tools
---@field approve? pista.test.Approve

---@class pista.test.Command: pista.test.Given
---@field as? string "channel:user".
---@field user? string
---@field channel? string
---@field agent? string

---@class pista.test.Run: pista.test.Given
---@field at? number Seconds since 1970.

---Runs a command, as somebody who types it at the prompt: `"/deploy now"`.
---@param line string
---@param options? pista.test.Command
---@return { text?: string, error?: string, requests: table[], asked: table[], sent: { to: string, text: string }[] }
function pista.test.command(line, options) end

---Hands in a message by a channel of the configuration, and waits until it is answered. The answers
---are in `sent`; the channel's own functions are not called.
---@param channel string
---@param message { from: string, text: string, conversation?: string, id?: string }
---@param options? pista.test.Given
---@return { status: "accepted"|"seen"|"refused", reason?: string, requests: table[], asked: table[], sent: { to: string, text: string }[] }
function pista.test.receive(channel, message, options) end

---Runs a job now, or as if it were the time `at`.
---@param name string
---@param options? pista.test.Run
---@return { outcome: "ok"|"failed"|"timeout"|"skipped", text?: string, error?: string, requests: table[], asked: table[], sent: { to: string, text: string }[] }
function pista.test.cron(name, options) end

---When a job is due next, in seconds since 1970; nil: never.
---@param name string
---@param after? number Seconds since 1970; now, when left out.
---@return number?
function pista.test.next_run(name, after) end

---Calls a tool as the model would, under the policy of the agent.
---@param name string
---@param args? table
---@param options? { as?: string, user?: string, channel?: string, agent?: string, tools?: pista.test.Tools, approve?: pista.test.Approve }
---@return { ok: boolean, status: string, content: string, data?: any, meta: table }
function pista.test.call_tool(name, args, options) end

---What the policy, hooks included, says to a call: what would happen, the rule, its place, and why.
---@param tool string
---@param args? table
---@param options? { as?: string, user?: string, channel?: string, agent?: string } `as` is "channel:user".
---@return "allow"|"ask"|"deny" access
---@return string? rule
---@return string? location
---@return string because
function pista.test.policy(tool, args, options) end

---Stand-ins for the rest of the `it`, for what is no turn of the spec's own.
---@param options pista.test.Given
function pista.test.given(options) end

---What the model was asked since the `it` began.
---@return { model: string, system: string, messages: table[], tools: table[] }[]
function pista.test.requests() end

---The messages that went out since the `it` began.
---@return { to: string, text: string }[]
function pista.test.sent() end

---Time stands still in a spec, but for what it and `pista.sleep` let pass.
---@class pista.test.time
pista.test.time = {}

---Seconds since 1970.
---@return number
function pista.test.time.now() end

---Says what time it is.
---@param seconds number Since 1970.
function pista.test.time.set(seconds) end

---Lets time pass.
---@param seconds number
function pista.test.time.advance(seconds) end

---@class pista.test.Expectation
---@field never pista.test.Expectation The opposite.
---@field not_ pista.test.Expectation The opposite.
---@field to_equal fun(expected: any) The same value, table by table.
---@field to_be fun(expected: any) The very same.
---@field to_be_nil fun()
---@field to_be_true fun()
---@field to_be_false fun()
---@field to_be_truthy fun()
---@field to_be_falsy fun()
---@field to_be_a fun(kind: string)
---@field to_contain fun(part: any) A text in a text, or an item of a list.
---@field to_match fun(pattern: string) A Lua pattern.
---@field to_have_key fun(key: any)
---@field to_have_length fun(length: integer)
---@field to_include fun(part: table) All of this, and perhaps more.
---@field to_be_greater_than fun(limit: number)
---@field to_be_less_than fun(limit: number)
---@field to_be_at_least fun(limit: number)
---@field to_be_at_most fun(limit: number)
---@field to_be_near fun(goal: number, tolerance?: number)
---@field to_raise fun(pattern?: string) The value is a function; the error has this in it, or matches it.

---What a value has to be.
---@param value any
---@return pista.test.Expectation
function expect(value) end

---A group of cases.
---@param name string
---@param body fun()
function describe(name, body) end

---A case. Without a body: one that is not written yet.
---@param name string
---@param body? fun()
function it(name, body) end

---Beside cases: one that is not run. Inside one: ends it, as not run.
---@param name? string The name of the case, or why it ends.
---@param reason? fun()|string
function pending(name, reason) end

---The same as `pending`.
---@param name? string
---@param reason? fun()|string
function skip(name, reason) end

---Runs before each case of the group.
---@param body fun()
function before_each(body) end

---Runs after each case of the group, also after one that failed.
---@param body fun()
function after_each(body) end

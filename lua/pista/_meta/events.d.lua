---@meta pista.events

---@class pista.TurnStarted: pista.Context
---@field text string What was said.
---@field resumed? boolean It goes on: a call of it waited for somebody's answer when the program ended.

---@class pista.TurnEnded: pista.Context
---@field status "done"|"failed"|"cancelled"
---@field model string
---@field rounds integer
---@field usage { input: integer, output: integer, total: integer, usd?: number, estimated: boolean }

---@class pista.ToolStarted: pista.Context
---@field id string The call.
---@field name string
---@field args table

---@class pista.ToolEnded: pista.Context
---@field id string The call.
---@field name string
---@field status "ok"|"error"|"denied"
---@field content string
---@field duration_ms integer

---@class pista.ModelStarted: pista.Context
---@field model string
---@field estimated_input integer

---@class pista.ModelEnded: pista.Context
---@field model string
---@field error? string
---@field usage? { input: integer, output: integer, usd?: number, estimated: boolean }
---@field duration_ms? integer

---`session` is the one that was left.
---@class pista.SessionReset: pista.Context
---@field next string The one that begins.
---@field name? string

---@class pista.ChannelState
---@field channel string
---@field listen? string Where it listens, if it does.
---@field error? string Why it went down.
---@field retry_in? number Seconds until it is started again.

---A background task of the program panicked. It starts again by itself.
---@class pista.TaskFailure
---@field task string Such as `delivery:telegram`, `channel:telegram`, `cron`, `job:digest`, `lua`, `reload`.
---@field failures integer How often it has failed since the program started.
---@field error string The message of the panic.
---@field at_ms integer When, in milliseconds since 1970 (UTC).
---@field retry_in_s number After how many seconds it starts again.

---@class pista.ApprovalAsked: pista.Context
---@field id string The call.
---@field name string
---@field args table
---@field reason string Which rule or hook asks.
---@field to? string|string[] Who is asked, several as a list; absent: whoever is at the terminal.

---@class pista.ApprovalDecided: pista.Context
---@field id string The call.
---@field name string
---@field approved boolean
---@field because string
---@field by? string The address of the person who decided, where they were asked by a channel or a device.

---Told to the configuration in force: the new one, or where it is at fault the one that stays.
---@class pista.Reload
---@field ok boolean
---@field cause "save"|"command"|"signal"|"restart"
---@field generation integer The one in force now.
---@field error? string What is wrong; absent when `ok`.
---@field changes? string[] What is different, such as `agent main gains ask system.run`.
---@field restart? string[] Settings that take a restart.
---@field files? string[] The names of the files that changed.

---@class pista.TurnError: pista.Context
---@field kind "model"|"budget"|"loop"|"storage"|"hook"|"config"
---@field message string

---A run of a job has ended, or a hook left it out.
---@class pista.CronDone: pista.Context
---@field job string
---@field scheduled number The time that it was for, in seconds since 1970.
---@field outcome "ok"|"failed"|"timeout"|"skipped"
---@field duration_ms integer
---@field error? string

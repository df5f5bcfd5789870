---@meta pista.channels

---@class pista.Channel
---@field kind? "lua"
---@field start? fun(self: pista.ChannelSelf) May work for 1 s without waiting for anything.
---@field send fun(self: pista.ChannelSelf, to: string, message: pista.OutMessage) May take 30 s.
---@field users? (string|integer)[] Who may speak, by the platform's own ids; `{ "*" }`: everybody. Default: nobody.
---@field owners? (string|integer)[] Who may approve calls; they may speak, too. Default: the only one of `users`, if that is one person; else nobody, and what asks is refused.
---@field agent? string Who answers; else the default agent.
---@field steer? "wait"|"join" What becomes of a message that comes while another of the same conversation is answered: it waits (the default); or it joins that turn once the calls that run have their results, if the same person sent it.
---@field tools? { allow?: pista.Rule[], ask?: pista.Rule[], deny?: pista.Rule[] } Besides the agent's: the stricter counts.
---@field rates? pista.Rates|false How often people may speak; else as `pista.setup` says. `false`: as often as they like.

---A channel for programs, by HTTP: see `docs/webhook.md`.
---@class pista.HttpChannel
---@field kind "http"
---@field listen? string Default `"127.0.0.1:8787"`.
---@field token pista.Secret|false What lets programs in, at least 16 characters. `false`: every program of this machine, and only on its loopback.
---@field users? (string|integer)[] Whom the programs may speak for; `{ "*" }`: anybody. Default: `{ "caller" }`.
---@field owners? (string|integer)[] Who may approve calls; they may speak, too. Default: the only one of `users`, if that is one person; else nobody, and what asks is refused. Without a token there are none.
---@field agent? string Who answers; else the default agent.
---@field tools? { allow?: pista.Rule[], ask?: pista.Rule[], deny?: pista.Rule[] } Besides the agent's: the stricter counts.
---@field rates? pista.Rates|false
---@field callback? string A URL that messages go to which answer none, such as those of `pista.send`.
---@field signing? pista.Secret Signs what goes to URLs; else the token does.

---How often people may speak. What is left out follows from `per_minute`.
---@class pista.Rates
---@field per_minute integer Messages of one person.
---@field burst? integer Of one person at once, after a pause. Default: `per_minute`.
---@field channel_per_minute? integer Messages of all of them together. Default: 10 × `per_minute`.
---@field channel_burst? integer Default: 10 × `burst`.

---A bot on Telegram.
---@class pista.TelegramChannel
---@field kind? "telegram" Not needed where the channel is called so.
---@field token pista.Secret The bot's token, as @BotFather gave it.
---@field users? (string|integer)[] Who may speak, by their numbers; `{ "*" }`: everybody. Default: nobody.
---@field owners? (string|integer)[] Who may approve calls; they may speak, too. Default: the only one of `users`, if that is one person; else nobody, and what asks is refused.
---@field agent? string Who answers; else the default agent.
---@field tools? { allow?: pista.Rule[], ask?: pista.Rule[], deny?: pista.Rule[] } Besides the agent's: the stricter counts.
---@field steer? "wait"|"join" What becomes of a message that comes while another of the same conversation is answered: it waits (the default); or it joins that turn once the calls that run have their results, if the same person sent it.
---@field rates? pista.Rates|false How often people may speak; else as `pista.setup` says. `false`: as often as they like.
---@field api? string The server of the Bot API. Default `https://api.telegram.org`.
---@field typing? boolean Shows that it works. Default true.
---@field stream? boolean Shows an answer while it is written. Default false.
---@field inbox? string|false Where in the workspace files go that arrive; `false`: they are not fetched. Default `"inbox"`.
---@field pairing? boolean Tells the first of `users` of strangers who write to the bot. Default false.
---@field gather? number|false For how many seconds somebody has to be quiet until what they said is taken for one message, up to 10; 0 or false: message by message. Default 1.5.

---A message to send, with files.
---@class pista.Outgoing
---@field text? string
---@field files? string[] At most 10, by their paths in the workspace.

---What a channel's functions get as `self`.
---@class pista.ChannelSelf
---@field name string
---@field receive fun(self: pista.ChannelSelf, message: pista.InMessage): "accepted"|"seen"|"refused"|"limited", string? Stores a message, which then need not be handed in again. `"seen"`: it was handed in before.
---@field answer fun(self: pista.ChannelSelf, pressed: pista.Pressed): string Takes the answer of a person to a question that a message asked (its `question`), as by a button. Returns what to tell them.

---A button that was pressed.
---@class pista.Pressed
---@field from string|integer Who pressed it.
---@field question string The question's id.
---@field yes boolean

---A message that arrived.
---@class pista.InMessage
---@field from string|integer Who speaks.
---@field conversation? string|integer Where answers go; else to whoever speaks. `to` is the same.
---@field to? string|integer
---@field text string
---@field id string|integer The platform's id of the message, by which one that comes again is known.

---A message to be delivered.
---@class pista.OutMessage
---@field id integer The same at each attempt.
---@field text string
---@field question? string The id of a question that it asks: the answer is taken as the text "yes ID" or "no ID", or by `self:answer`.
---@field files? string[] Files that go with it, by absolute path.
---@field attempt integer From 1.

---What was typed behind a command's name.
---@class pista.CommandArgs
---@field text string
---@field [integer] string Its words.

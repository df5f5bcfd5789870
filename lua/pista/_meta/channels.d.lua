---@meta pista.channels

---@class pista.Channel
---@field start? fun(self: pista.ChannelSelf) May work for 1 s without waiting for anything.
---@field send fun(self: pista.ChannelSelf, to: string, message: pista.OutMessage) May take 30 s.
---@field users? (string|integer)[] Who may speak, by the platform's own ids; `{ "*" }`: everybody. Default: nobody.
---@field agent? string Who answers; else the default agent.
---@field tools? { allow?: pista.Rule[], ask?: pista.Rule[], deny?: pista.Rule[] } Besides the agent's: the stricter counts.

---What a channel's functions get as `self`.
---@class pista.ChannelSelf
---@field name string
---@field receive fun(self: pista.ChannelSelf, message: pista.InMessage): "accepted"|"seen"|"refused", string? Stores a message, which then need not be handed in again. `"seen"`: it was handed in before.

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
---@field question? string The id of a question that it asks: the answer is taken as the text "yes ID" or "no ID".
---@field files? string[] Files that go with it, by absolute path.
---@field attempt integer From 1.

---What was typed behind a command's name.
---@class pista.CommandArgs
---@field text string
---@field [integer] string Its words.

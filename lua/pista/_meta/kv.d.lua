---@meta pista.kv

---Values under keys. They outlive reloads and restarts. Each call is whole or not at all; where two
---handlers change the same value, `incr` or `expect` keep either from undoing the other.
---@class pista.kv
pista.kv = {}

---The value under a key.
---
---    local seen = pista.kv.get("mail:seen", {})
---    print(#seen)
---@param key string
---@param default? any What to return when there is none.
---@return any
function pista.kv.get(key, default) end

---Keeps a value in the place of the one before: plain data, at most 1 MiB as JSON. Returns false,
---and changes nothing, when something else is there than `expect`.
---
---    pista.kv.set("backup:last", { at = pista.time.now(), ok = true })
---    pista.kv.set("lock", "mine", { expect = pista.json.null, ttl = 60 }) -- only if it is free
---@param key string At most 512 bytes.
---@param value any
---@param options? { ttl?: number, expect?: any } `ttl`: seconds until it is gone; `expect`: what must be there now, `pista.json.null` for nothing.
---@return boolean
function pista.kv.set(key, value, options) end

---Deletes a value. Says whether there was one.
---
---    pista.kv.delete("backup:last")
---@param key string
---@return boolean
function pista.kv.delete(key) end

---The keys that begin with `prefix`, sorted.
---
---    for _, key in ipairs(pista.kv.list("mail:")) do print(key) end
---@param prefix? string
---@param options? { limit?: integer } 1,000 unless given.
---@return string[]
function pista.kv.list(prefix, options) end

---Adds to a number, which is 0 where there is none, and returns the sum.
---
---    local runs = pista.kv.incr("runs")
---    print("run", runs)
---@param key string
---@param by? number 1 unless given.
---@return number
function pista.kv.incr(key, by) end

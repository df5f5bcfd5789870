---@meta pista.time

---Clocks, dates and zones. A time is seconds since 1970 (UTC), with a fraction.
---@class pista.time
pista.time = {}

---The time now.
---@return number
function pista.time.now() end

---Seconds on a clock that nobody sets: for measuring.
---
---    local began = pista.time.monotonic()
---    pista.sleep(0.01)
---    print(pista.time.monotonic() - began)
---@return number
function pista.time.monotonic() end

---A time as `2026-11-23T08:00:00Z`.
---
---    assert(pista.time.iso(0) == "1970-01-01T00:00:00Z")
---    assert(pista.time.iso(0, "Asia/Seoul") == "1970-01-01T09:00:00+09:00")
---@param time? number Now unless given.
---@param zone? string Such as `"Asia/Seoul"`, or `"local"`; `"UTC"` unless given.
---@return string
function pista.time.iso(time, zone) end

---A time in a form of your own, with the parts of strftime.
---
---    assert(pista.time.format("%A, %H:%M", 0, "Asia/Seoul") == "Thursday, 09:00")
---@param form string
---@param time? number Now unless given.
---@param zone? string The machine's own unless given.
---@return string
function pista.time.format(form, time, zone) end

---Reads a time: as `iso` writes it, as mails do, or in a form of your own. One without a zone in it
---is in `zone`.
---
---    assert(pista.time.parse("1970-01-01T09:00:00+09:00") == 0)
---    assert(pista.time.parse("1.1.1970 9:00", { format = "%d.%m.%Y %H:%M", zone = "Asia/Seoul" }) == 0)
---@param text string
---@param options? { format?: string, zone?: string } The machine's own zone unless given.
---@return number
function pista.time.parse(text, options) end

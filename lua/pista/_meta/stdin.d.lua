---@meta pista.stdin

---Standard input. Only in a script that is run by `openpista lua`.
---@class pista.stdin
pista.stdin = {}

---Reads the next line, without its end (`"l"`, the default), or all that is left (`"a"`). Nothing at
---the end of the input; all that is left there is an empty text.
---
---    local name = pista.stdin.read()
---@param what? "l"|"a"
---@return string?
function pista.stdin.read(what) end

---The lines that are left, for a loop.
---
---    for line in pista.stdin.lines() do print(#line, line) end
---@return fun(): string?
function pista.stdin.lines() end

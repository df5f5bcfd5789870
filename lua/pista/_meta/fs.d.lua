---@meta pista.fs

---The files of the workspace, as the user. What holds secrets or decides what may be done stays out
---of reach, as for models; so does all that is outside of the workspace.
---@class pista.fs
pista.fs = {}

---The text of a file, exactly as it stands there. Raises when it is not UTF-8, or longer than about
---4 MiB and no `limit` says how much of it is wanted.
---
---    pista.fs.write("notes.txt", "one\ntwo\n")
---    local text = pista.fs.read("notes.txt")
---    local first = pista.fs.read("notes.txt", { limit = 1 })
---    assert(text == "one\ntwo\n" and first == "one\n")
---@param path string Relative to the workspace, or absolute beneath it.
---@param options? { offset?: integer, limit?: integer } The first line, from 1, and how many.
---@return string
---@return { first_line: integer, last_line: integer, more: boolean, size: integer } facts
function pista.fs.read(path, options) end

---Writes a whole file, all at once. Directories that are missing are made. Returns whether it is new.
---
---    pista.fs.write("reports/today.md", "# Today\n")
---@param path string
---@param content string
---@return boolean
function pista.fs.write(path, content) end

---Adds to the end of a file, and makes it when it is missing. Returns whether it is new.
---
---    pista.fs.append("log.txt", pista.time.iso() .. " checked\n")
---@param path string
---@param content string
---@return boolean
function pista.fs.append(path, content) end

---Replaces a passage, which must be there once, or as often as it is with `all`. Returns how many
---were replaced.
---
---    pista.fs.write("app.conf", "debug = true\n")
---    pista.fs.edit("app.conf", "debug = true", "debug = false")
---@param path string
---@param old string
---@param new string
---@param options? { all?: boolean }
---@return integer
function pista.fs.edit(path, old, new, options) end

---What is in a directory, at most 1,000 entries, and whether there is more.
---
---    for _, entry in ipairs(pista.fs.list(".")) do print(entry.kind, entry.path, entry.size) end
---@param path? string The workspace unless given.
---@param options? { depth?: integer, hidden?: boolean }
---@return pista.FsEntry[]
---@return boolean more
function pista.fs.list(path, options) end

---Lines that match a regular expression, or files whose names match a glob.
---
---    for _, found in ipairs(pista.fs.search { pattern = "TODO", glob = "*.lua" }) do
---      print(found.path, found.line, found.text)
---    end
---@param options { pattern?: string, glob?: string, path?: string, ignore_case?: boolean, hidden?: boolean, limit?: integer }
---@return { path: string, line?: integer, text?: string, kind?: string }[]
---@return boolean more
function pista.fs.search(options) end

---What is at a path; nil when nothing is.
---
---    local found = pista.fs.stat("notes.txt")
---    if found and pista.time.now() - found.modified > 86400 then print("old") end
---@param path string
---@return { kind: "file"|"directory"|"special", size: integer, modified: number, mode: string }?
function pista.fs.stat(path) end

---Whether there is something at a path.
---
---    if not pista.fs.exists("done") then pista.fs.write("done", "") end
---@param path string
---@return boolean
function pista.fs.exists(path) end

---Makes a directory and those above it. One that is there is fine.
---
---    pista.fs.mkdir("reports/2026")
---@param path string
function pista.fs.mkdir(path) end

---Removes a file, a link, or an empty directory.
---
---    pista.fs.write("scratch.txt", "")
---    pista.fs.remove("scratch.txt")
---@param path string
function pista.fs.remove(path) end

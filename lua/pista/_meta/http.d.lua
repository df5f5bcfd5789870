---@meta pista.http

---The web, as the user. Only the public internet is asked: not this machine, nor its network, unless
---`allow_cidrs` or the setting `http_allow` opens it. Redirects pass the same check. The
---environment's proxies are not used.
---@class pista.http
pista.http = {}

---Fetches a page. A status such as 404 is an answer; no answer raises, with the kind `denied` where
---the address is closed.
---
---    local ok, page = pcall(pista.http.get, "http://127.0.0.1:9/", { allow_cidrs = { "127.0.0.0/8" }, timeout = 5 })
---    if ok and page.ok then print(page.headers["content-type"], #page.body) end
---@param url string
---@param options? pista.HttpOptions
---@return pista.HttpResponse
function pista.http.get(url, options) end

---Makes any request. `json` is sent as JSON. A secret in a header is sent to the host that is asked
---and, after a redirect, to no other.
---
---    local ok, answer = pcall(pista.http.request, {
---      method = "POST",
---      url = "http://127.0.0.1:9/issues",
---      headers = { authorization = { "Bearer ", pista.secret("env:GITHUB_TOKEN") } },
---      json = { title = "It broke" },
---      allow_cidrs = { "127.0.0.1" },
---    })
---    if ok and answer.json then print(answer.json.number) end
---@param options pista.HttpRequest
---@return pista.HttpResponse
function pista.http.request(options) end

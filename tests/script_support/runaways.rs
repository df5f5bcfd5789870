//! Scripts that run away.

/// Things that would never end, or take for ever.
pub(crate) const RUNAWAYS: &[(&str, &str)] = &[
    ("loop", "while true do end"),
    ("pcall in a loop", "while true do pcall(function() while true do end end) end"),
    ("nested pcall", "while true do pcall(pcall, pcall, function() while true do end end) end"),
    ("wrap", "coroutine.wrap(function() while true do end end)()"),
    ("pcall and wrap", "while true do pcall(coroutine.wrap(function() while true do end end)) end"),
    ("resume", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"),
    (
        "wrap in wrap",
        "while true do pcall(coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)) end",
    ),
    (
        "sort callback",
        "local t = {} for i = 1, 200 do t[i] = i end while true do pcall(table.sort, t, function(a, b) while true do end end) end",
    ),
    ("gsub callback", "('a'):gsub('a', function() while true do end end)"),
    (
        "gsub callback and pcall",
        "while true do pcall(string.gsub, 'a', 'a', function() while true do end end) end",
    ),
    (
        "__index",
        "local t = setmetatable({}, { __index = function() while true do end end }) while true do pcall(function() return t.x end) end",
    ),
    ("__tostring", "tostring(setmetatable({}, { __tostring = function() while true do end end }))"),
    ("__pairs", "for _ in pairs(setmetatable({}, { __pairs = function() while true do end end })) do end"),
    ("recursion", "local function f() return pcall(f) end while true do f() end"),
    ("deep recursion", "local function f() f() f() end while true do pcall(f) end"),
    ("xpcall handler", "xpcall(error, function() while true do end end)"),
    (
        "xpcall and its handler",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
    ),
    (
        "xpcall handler that fails",
        "xpcall(function() while true do end end, function() error('x') end) while true do end",
    ),
    (
        "close",
        "local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
    ),
    (
        "close and pcall",
        "while true do pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end) end",
    ),
    (
        "close in wrap",
        "coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end)()",
    ),
    (
        "close in wrap in pcall",
        "while true do pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end)) end",
    ),
    (
        "coroutine.close",
        "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co) while true do end",
    ),
    ("yields", "while true do coroutine.yield() end"),
    ("for to maxinteger", "for i = 1, math.maxinteger do end"),
    ("goto", "::a:: goto a"),
    ("load reader", "load(function() return ' ' end)"),
    ("load reader that loops", "load(function() while true do end end)"),
    ("sleep then loop", "pista.sleep(0) while true do end"),
    ("sleep for long", "pista.sleep(3600)"),
    ("sleep in a loop", "while true do pista.sleep(0) end"),
    ("sleep in pcall", "while true do pcall(function() pista.sleep(0) while true do end end) end"),
    (
        "sleep with close",
        "local x <close> = setmetatable({}, { __close = function() while true do end end }) pista.sleep(3600)",
    ),
    ("gc in a loop", "while true do local t = {} for i = 1, 100 do t[i] = {} end end"),
    ("print", "while true do print('x') end"),
    ("pattern, frugal", "string.find(('a'):rep(200000), '.-.-.-.-b')"),
    ("pattern in pcall", "while true do pcall(string.find, ('a'):rep(200000), '.-.-.-.-b') end"),
    ("pattern, optional", "local s = ('a'):rep(40) string.match(s, ('a?'):rep(40) .. s .. 'b')"),
    ("pattern, greedy", "string.match(('a'):rep(20000), 'a*a*a*b')"),
    ("gmatch", "for _ in ('a'):rep(200000):gmatch('.-.-.-b') do end"),
    ("gsub, frugal", "(('a'):rep(200000)):gsub('.-.-.-b', '')"),
    ("balance", "for _ in ('('):rep(200000):gmatch('%b()') do end"),
    ("plain find", "while true do (('a'):rep(2000000)):find(('a'):rep(1000000) .. 'b', 1, true) end"),
    (
        "table.move",
        "while true do pcall(table.move, setmetatable({}, { __newindex = function() while true do end end, __index = function() return 1 end }), 1, 100, 2) end",
    ),
    (
        "table.insert, __len",
        "table.insert(setmetatable({}, { __len = function() return math.maxinteger - 1 end, __index = function() return 1 end, __newindex = function() end }), 1, 1)",
    ),
    (
        "table.remove, __len",
        "table.remove(setmetatable({}, { __len = function() return math.maxinteger - 1 end, __index = function() return 1 end, __newindex = function() end }), 1)",
    ),
    (
        "table.sort by C functions",
        "while true do pcall(table.sort, setmetatable({}, { __len = function() return 900000 end, __index = type, __newindex = type })) end",
    ),
];

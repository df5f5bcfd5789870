//! Lua patterns with an end: a matcher that counts its steps and looks at the clock.
//!
//! Lua's own matcher is a C function, which no hook can stop, and patterns as plain as `.-.-b` make
//! it run for minutes. This one gives the same answers.

mod compile;
mod library;
mod matcher;

pub(super) use library::register;

#[cfg(test)]
mod tests {
    use super::register;
    use mlua::{Lua, MultiValue, Value};

    /// Texts and patterns; each text is tried with each pattern.
    const TEXTS: &[&[u8]] = &[
        b"",
        b"a",
        b"hello world from Lua",
        b"  key = value  ",
        b"THE (quick) fox",
        b"aaab",
        b"key=1, other=22; x=",
        b"(a(b)c)((",
        b"x\0y\0",
        b"caf\xc3\xa9 \xff",
        b"%d+%a",
        b"abcabcabc",
        b"2024-11-23T10:20:30Z",
        b"[[x]]]",
        b"a.b-c^d$",
        b"\n\t line\r\n",
        b"aXbXc",
        b"0x1F 077",
    ];
    const PATTERNS: &[&[u8]] = &[
        b"",
        b"a",
        b".",
        b"a*",
        b"a+",
        b"a-",
        b"a?",
        b"a-b",
        b".-",
        b".-b",
        b".*",
        b".*b",
        b"^a",
        b"^",
        b"$",
        b"a$",
        b"^$",
        b"^.-$",
        b"%a+",
        b"%A+",
        b"%d+",
        b"%D",
        b"%s*",
        b"%S+",
        b"%w+",
        b"%W",
        b"%l",
        b"%u%l*",
        b"%p",
        b"%x+",
        b"%c",
        b"%g+",
        b"%z",
        b"(%w+)",
        b"(%w+)%s*=%s*(%w*)",
        b"()a()",
        b"()",
        b"(a*(.)%w(%s*))",
        b"((a))",
        b"(.)%1",
        b"(%a)(%a)%2%1",
        b"%b()",
        b"%b[]",
        b"%bxx",
        b"%f[%w]%w+",
        b"%f[%W]",
        b"%f[%z]",
        b"%f[^%s]%S",
        b"[a-c]+",
        b"[^a-c]+",
        b"[%a_][%w_]*",
        b"[]]",
        b"[^]]",
        b"[]-a]",
        b"[a-]",
        b"[-a]",
        b"[%-a]",
        b"[%]]",
        b"[%a-z]",
        b"[a-%%]",
        b"[a%-c]",
        b"[+-]?%d+",
        b"%.",
        b"%%",
        b"%$",
        b"a.b",
        b"^(%d+)-(%d+)-(%d+)",
        b"x*$",
        b"(x*)$",
        b"$a",
        b"a^",
        b"^^",
        b"%a-%s",
        b"(%s*)",
        b"()%s*()",
        b"[%s%S]",
        b"\0",
        b"[\0-\x1f]",
        b"\xc3\xa9",
        b"[\x80-\xff]+",
        b"%e",
        b"%",
        b"a%",
        b"[",
        b"[a",
        b"[^",
        b"[]",
        b"[^]",
        b"[%",
        b"[%]",
        b"[a-",
        b"(",
        b"(a",
        b")",
        b"a)",
        b"()(",
        b"(()",
        b"%1",
        b"(a)%2",
        b"(a%1)",
        b"()%1",
        b"%b",
        b"%ba",
        b"%f",
        b"%fa",
        b"%f[a",
        b"%0",
        b"*",
        b"+a",
        b"-",
        b"?",
        b"a**",
        b"a+?",
        b"%a*%d?",
        b"(a)(b)(c)",
        b"(((((((((((((((((((((((((((((((((a",
        b"a?a?a?aaa",
        b".-.-c",
    ];
    /// What matches are replaced by.
    const REPLACEMENTS: &[&str] = &["", "<%0>", "%1", "[%1|%2]", "%%", "%", "%x", "x"];

    /// Everything that a string library says about a text and a pattern, as text.
    const SURVEY: &str = r##"
        local lib, s, p, replacements = ...
        local said = {}
        local function note(name, ok, ...)
          local parts = { name, tostring(ok) }
          for i = 1, select("#", ...) do
            -- Places and the way of saying which argument are the caller's.
            parts[#parts + 1] = tostring((select(i, ...))):gsub("^.-:%d+: ", "")
          end
          said[#said + 1] = table.concat(parts, " ; ")
        end
        note("find", pcall(lib.find, s, p))
        note("plain", pcall(lib.find, s, p, 1, true))
        for _, init in ipairs { 2, 3, -1, -3, -100, 0, 100 } do
          note("find " .. init, pcall(lib.find, s, p, init))
          note("match " .. init, pcall(lib.match, s, p, init))
        end
        note("match", pcall(lib.match, s, p))
        note("gmatch", pcall(function()
          local all, count = {}, 0
          for a, b, c in lib.gmatch(s, p) do
            count = count + 1
            all[#all + 1] = tostring(a) .. "," .. tostring(b) .. "," .. tostring(c)
            if count > 100 then break end
          end
          return table.concat(all, "/")
        end))
        note("gmatch from 3", pcall(function()
          local all = {}
          for a in lib.gmatch(s, p, 3) do all[#all + 1] = tostring(a) end
          return table.concat(all, "/")
        end))
        for _, r in ipairs(replacements) do
          note("gsub " .. r, pcall(lib.gsub, s, p, r))
          note("gsub 1 " .. r, pcall(lib.gsub, s, p, r, 1))
        end
        note("gsub 0", pcall(lib.gsub, s, p, "y", 0))
        note("gsub -1", pcall(lib.gsub, s, p, "y", -1))
        note("gsub table", pcall(lib.gsub, s, p, { a = "A", hello = 7, b = false, [1] = "one", [""] = "nothing" }))
        note("gsub function", pcall(lib.gsub, s, p, function(a, b) return a == "a" and tostring(b) or nil end))
        note("gsub all", pcall(lib.gsub, s, p, function(...) return select("#", ...) end))
        note("gsub wrong", pcall(lib.gsub, s, p, function() return {} end))
        note("gsub raising", pcall(lib.gsub, s, p, function() error({}) end) and true)
        return table.concat(said, "\n")
    "##;

    #[test]
    fn it_answers_what_luas_own_library_answers() {
        let lua = Lua::new();
        let real: mlua::Table = lua.globals().get("string").unwrap();
        let ours = guarded(&lua);
        let survey = lua.load(SURVEY).into_function().unwrap();
        let mut pairs = 0;
        for text in TEXTS {
            for pattern in PATTERNS {
                let ask = |lib: &mlua::Table| {
                    let text = lua.create_string(text).unwrap();
                    let pattern = lua.create_string(pattern).unwrap();
                    let said: mlua::LuaString =
                        survey.call((lib, text, pattern, REPLACEMENTS.to_vec())).unwrap();
                    said.to_string_lossy()
                };
                let (expected, got) = (ask(&real), ask(&ours));
                for (expected, got) in expected.lines().zip(got.lines()) {
                    let (text, pattern) = (text.escape_ascii(), pattern.escape_ascii());
                    assert_eq!(got, expected, "text {text}, pattern {pattern}");
                }
                assert_eq!(expected.lines().count(), got.lines().count());
                pairs += 1;
            }
        }
        assert!(pairs > 2_000, "{pairs}");
    }

    /// The functions of this module under the prelude, in a table of their own.
    fn guarded(lua: &Lua) -> mlua::Table {
        let host = lua.create_table().unwrap();
        register(lua, &host).unwrap();
        let ours = lua.create_table().unwrap();
        let load: mlua::Function =
            lua.load(include_str!("../../../lua/pista/prelude.lua")).into_function().unwrap();
        // The prelude changes the tables of its environment: give it copies.
        let env: mlua::Table = lua
            .load(
                "local env = {} \
                 for k, v in pairs(_G) do \
                   if type(v) == 'table' and k ~= '_G' and k ~= 'package' then \
                     local copy = {} for a, b in pairs(v) do copy[a] = b end v = copy \
                   end \
                   env[k] = v \
                 end \
                 env._G = env \
                 return env",
            )
            .eval()
            .unwrap();
        for limit in ["max_string", "max_range", "max_sort", "max_source"] {
            host.set(limit, 10_000_000).unwrap();
        }
        load.set_environment(env.clone()).unwrap();
        load.call::<()>(&host).unwrap();
        let string: mlua::Table = env.get("string").unwrap();
        for name in ["find", "match", "gmatch", "gsub"] {
            let function: mlua::Function = string.get(name).unwrap();
            ours.set(name, function).unwrap();
        }
        ours
    }

    #[test]
    fn bombs_run_out_of_steps() {
        let lua = Lua::new();
        let host = lua.create_table().unwrap();
        register(&lua, &host).unwrap();
        let find: mlua::Function = host.get("find").unwrap();
        let said: MultiValue = find.call(("a".repeat(200_000), ".-.-.-.-b")).unwrap();
        assert_eq!(said[0], Value::Boolean(false));
        assert!(said[1].to_string().unwrap().contains("too complex"));
    }
}

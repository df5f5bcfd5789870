//! What a program can do, and what is said of it.

use crate::{
    rig::{allowing, error, model, program, returned, told},
    support::program::Home,
};
use serde_json::{Value, json};
use std::fs;

#[test]
fn twenty_calls_take_one_round() {
    let code = "local sum = 0
        for i = 1, 20 do
          local out = system.run{argv={'cat', 'n' .. i}}
          assert(out.exit_code == 0, out.stderr)
          sum = sum + tonumber(out.stdout)
        end
        return sum";
    let fake = model(&[code]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run', 'system.run' }");
    for i in 1..=20 {
        fs::write(home.work().join(format!("n{i}")), format!("{i}\n")).expect("a file");
    }
    let ran = home.run(["run", "--json", "-e", "add them up"]).ok();
    assert_eq!(fake.count(), 2);
    assert_eq!(told(&fake, 1), "210");
    let events = ran.json();
    let ends: Vec<&Value> = events.iter().filter(|event| event["type"] == "tool_end").collect();
    assert_eq!(ends.len(), 21, "each call is an event of its own: {events:#?}");
    let calls = ends[20]["meta"]["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 20);
    assert!(calls.iter().all(|call| call["name"] == "system.run" && call["status"] == "ok"));
    assert!(calls.iter().all(|call| call["ms"].is_u64()));
}

#[test]
fn a_tool_with_a_hyphen_is_called_with_an_underscore() {
    let fake = model(&[
        "return get_weather{city='Oslo'} .. '; ' .. home_lab.x_y{city='Rome'}",
        "return tools.help('get-weather')",
    ]);
    let home = Home::with(&fake);
    let tool = |name: &str| {
        format!(
            "pista.tool {{ name = '{name}', description = 'd', parameters = {{ city = 'string' }}, effect = 'read', \
              run = function(args) return 'sunny in ' .. args.city end }}"
        )
    };
    home.init(&format!(
        "{} {} pista.agent('main', {{ tools = {{ allow = {{ 'lua.run' }} }} }})",
        tool("get-weather"),
        tool("home-lab.x-y")
    ));
    home.say("weather?").ok();
    assert!(told(&fake, 1).contains("sunny in Oslo; sunny in Rome"), "{}", told(&fake, 1));
    assert!(told(&fake, 2).contains("get_weather{city"), "{}", told(&fake, 2));
    let fake = model(&["return get_weather{city='Oslo'}", "return tools.call('get-weather', {city='Oslo'})"]);
    let home = Home::with(&fake);
    let both = ["get-weather", "get_weather"].map(|name| {
        format!(
            "pista.tool {{ name = '{name}', description = 'd', parameters = {{ city = 'string' }}, \
          effect = 'read', run = function() return 'by {name}' end }}"
        )
    });
    home.init(&format!(
        "{} pista.agent('main', {{ tools = {{ allow = {{ 'lua.run' }} }} }})",
        both.join(" ")
    ));
    home.say("weather?").ok();
    assert!(told(&fake, 1).contains("by get_weather"), "{}", told(&fake, 1));
    assert!(told(&fake, 2).contains("by get-weather"), "{}", told(&fake, 2));
}

#[test]
fn the_model_is_told_how_and_sees_its_tools() {
    let fake = model(&["return tools.list()", "return tools.help('fs_list')"]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run' }, deny = { 'fs.write' }");
    home.say("look").ok();
    let request = &fake.requests()[0];
    let tools = request.body["tools"].as_array().expect("tools");
    let tool = tools.iter().find(|tool| tool["function"]["name"] == "lua_run").expect("lua_run");
    let description = tool["function"]["description"].as_str().expect("a description");
    for words in ["Lua 5.4", "tools.list()", "fs.read{path=", "pcall"] {
        assert!(description.contains(words), "{words}: {description}");
    }
    let list: Vec<String> = serde_json::from_str(&told(&fake, 1)).expect("a list");
    let names: Vec<_> = list.iter().filter_map(|signature| signature.split('{').next()).collect();
    assert_eq!(
        names,
        ["fs.edit", "fs.list", "fs.read", "fs.search", "http.get", "skill.load", "skill.run", "system.run"]
    );
    assert!(list[0].starts_with("fs.edit{new: string, "), "{list:?}");
    assert!(list[7].contains("argv?: {string, …}"), "{list:?}");
    assert!(told(&fake, 2).starts_with("fs.list{"), "{}", told(&fake, 2));
}

#[tokio::test]
async fn results_errors_and_names() {
    let data = "local r = fs.read{x=1, list={1, 'b', {c=true}}} return r.x + 1, r.list[3].c, text{}";
    assert_eq!(returned(data).await, "2\ntrue\nplain text");
    for same in ["fs_read{x=1}", "tools.call('fs.read', {x=1})", "tools.call('fs_read', {x=1})", "fs{x=1}"] {
        assert_eq!(returned(&format!("return {same}")).await, "{\"x\":1}", "{same}");
    }
    let caught = "local ok, e = pcall(fail, {}) return ok, e.status, e.message, e.tool, tostring(e)";
    assert_eq!(returned(caught).await, "false\ndenied\ndenied: not this\nfail\ndenied: not this");
    assert_eq!(error("local a = 1\n\nfail{}").await, "code:3: denied: not this\n3 | fail{}");
    let rethrown = "local ok, e = pcall(fail)\nerror(e)";
    assert!(error(rethrown).await.contains("denied: not this"));
    for (code, says) in [
        ("fs.read('x')", "code:1: one table of named arguments is expected: fs.read{x: integer}"),
        ("fs.read({}, 1)", "one table of named arguments"),
        ("fs.read{1, 2}", "fs.read takes a table with named arguments, not a list"),
        ("fs.read{x=print}", "args.x: a function cannot be turned"),
        ("tools.call('nope')", "there is no tool \"nope\""),
        ("nope{}", "attempt to call a nil value (global 'nope')"),
        ("x =", "code:1: unexpected symbol near <eof>"),
        ("local t = {}\nreturn t.a.b", "code:2: attempt to index a nil value (field 'a')\n2 | return t.a.b"),
        ("error({ message = 'mine' })", "mine"),
    ] {
        let said = error(code).await;
        assert!(said.contains(says), "{code}: {said}");
    }
}

#[tokio::test]
async fn calls_work_wherever_lua_runs() {
    let sorted = "local t = {3, 1, 2} table.sort(t, function(a, b) return fs.read{x=a}.x < fs.read{x=b}.x end) \
                  return table.concat(t, ',')";
    assert_eq!(returned(sorted).await, "1,2,3");
    let wrapped = "local next = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(fs.read{x=i}.x) end end) \
                   return next() + next() + next()";
    assert_eq!(returned(wrapped).await, "6");
    let meta = "return setmetatable({}, { __index = function(_, k) return fs.read{x=k}.x end }).name";
    assert_eq!(returned(meta).await, "name");
    let replaced = "return (('a b'):gsub('%a', function(c) return fs.read{x=c}.x:upper() end))";
    assert_eq!(returned(replaced).await, "A B");
}

#[tokio::test]
async fn json_and_shown_values() {
    assert_eq!(returned("1 + 1").await, "2");
    assert_eq!(
        returned("return json.decode('{\"a\":[1,{}]}').a[1], json.encode{a={1,2}}").await,
        "1\n{\"a\":[1,2]}"
    );
    assert_eq!(returned("return { b = { 1 }, a = 'x' }").await, "{\"a\":\"x\",\"b\":[1]}");
    assert_eq!(returned("local t = {} t.t = t return t").await, "{ t = <circle> }");
    assert_eq!(returned("return nil").await, "nil");
    let (done, _) = program("print('a', 1, nil) print() print('b')").await;
    assert_eq!(done.expect("an end").printed, "a\t1\tnil\n\nb\n");
    let (done, _) = program("local x = 1").await;
    assert_eq!(done.expect("an end").returned, None);
}

#[test]
fn what_is_printed_and_returned_reads_well() {
    let fake = model(&[
        "print('one') print('two') return 3",
        "print('only')",
        "local x",
        "print('p') error('no', 0)",
    ]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run' }");
    home.say("go").ok();
    assert_eq!(told(&fake, 1), "printed:\none\ntwo\nreturned:\n3");
    assert_eq!(told(&fake, 2), "only\n");
    assert_eq!(told(&fake, 3), "done; nothing was printed or returned");
    assert!(told(&fake, 4).starts_with("error: "), "{}", told(&fake, 4));
    assert!(told(&fake, 4).ends_with("printed before:\np\n"), "{}", told(&fake, 4));
}

#[tokio::test]
async fn names_that_the_language_has_are_not_taken() {
    use openpista::sandbox::lua::{Offered, run};
    let mut start = crate::rig::start(
        "return type(print), type(string.rep), tools.call('print', {x=1}).x, rawget(fs, '__index') ~= nil, \
         fs.nothing, tools.call('tools.list', {x=2}).x, tools.call('end', {x=3}).x",
        10_000,
    );
    for name in ["print", "string.rep", "fs.__index", "tools.list", "json.encode", "_g", "end", "pcall"] {
        start.tools.push(Offered { name: name.into(), signature: String::new(), description: String::new() });
    }
    let mut echo = crate::rig::Echo::default();
    let done = run(std::path::Path::new(crate::support::program::PROGRAM), &start, &mut echo).await;
    let returned = done.expect("an end").returned.expect("values");
    assert_eq!(returned, "function\nfunction\n1\ntrue\nnil\n2\n3");
    assert_eq!(json!(echo.0[0].1), json!({"x": 1}));
}

#[tokio::test]
async fn names_that_are_not_there_say_what_is_meant() {
    for (code, told) in [
        (
            "local x = 1\nreturn fs.raed{x=1}",
            "code:2: attempt to call a nil value (field 'raed'): there is no fs.raed; did you mean fs.read?",
        ),
        ("return tetx{}", "there is no global tetx; did you mean text?"),
        ("return unpack({1})", "there is no unpack here: use table.unpack"),
        ("return io.open('x')", "there is no io.open here: tools.list() lists what there is"),
        ("return os.execute('ls')", "there is no os.execute here: tools.list() lists what there is"),
        ("local json = require('json')", "there is no require here: there are no modules here"),
        ("return string.fromat('x')", "there is no string.fromat; did you mean string.format?"),
    ] {
        let error = error(code).await;
        assert!(error.contains(told), "{code}\n{error}");
    }
}

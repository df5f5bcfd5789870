//! A program may do what its agent may do, and nothing else.

use crate::{
    rig::{allowing, model, told},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};
use serde_json::json;

const QUESTION: &str = "[a]lways exactly this:";

fn offered(rules: &str) -> bool {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    allowing(&home, rules);
    home.say("hi").ok();
    let tools = fake.requests()[0].body["tools"].clone();
    tools.as_array().is_some_and(|tools| tools.iter().any(|tool| tool["function"]["name"] == "lua_run"))
}

#[test]
fn it_is_off_until_a_rule_names_it() {
    for rules in ["", "allow = { '*' }", "ask = { '*' }", "allow = { '*.run' }", "deny = { 'lua.run' }"] {
        assert!(!offered(rules), "{rules}");
    }
    assert!(!offered("allow = { 'lua.run' }, deny = { '*.run' }"));
    for rules in ["allow = { 'lua.run' }", "allow = { 'lua.*' }", "ask = { 'lua.run' }"] {
        assert!(offered(rules), "{rules}");
    }
}

#[test]
fn off_means_off_whatever_else_says_yes() {
    let fake = model(&["return 1"]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { tools = { allow = { '*' } } })
         pista.hook('tool_call', function() return pista.allow() end)",
    );
    home.run(["run", "--yes", "-e", "go"]).ok();
    assert!(told(&fake, 1).contains("denied"), "{}", told(&fake, 1));
    let table = home.run(["tools"]).ok().out;
    assert!(table.lines().any(|line| line.starts_with("lua.run") && line.contains("deny")), "{table}");
}

#[test]
fn asking_means_nobody_here_says_yes() {
    let fake = model(&["return 1"]);
    let home = Home::with(&fake);
    allowing(&home, "ask = { 'lua.run' }");
    home.say("go").ok();
    assert!(told(&fake, 1).contains("nobody can be asked"), "{}", told(&fake, 1));
    let fake = model(&["return 1"]);
    let home = home.env("OPENPISTA_BASE_URL", fake.url());
    home.run(["run", "--yes", "-e", "go"]).ok();
    assert_eq!(told(&fake, 1), "1");
}

#[test]
fn each_call_passes_the_rules() {
    let code = "local function try(f, args)
          local ok, e = pcall(f, args)
          return ok and 'ok' or type(e) == 'table' and e.status .. ': ' .. e.message or tostring(e)
        end
        return try(system.run, { argv = { 'touch', 'asked' } }), fs.write == nil, lua == nil,
          try(function() tools.call('fs.write', {}) end), try(fs.list, {}) == 'ok'";
    let fake = model(&[code]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run' }, deny = { 'fs.write' }");
    home.say("go").ok();
    let text = told(&fake, 1);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("denied: denied: ") && lines[0].contains("nobody can be asked"), "{text}");
    assert_eq!(lines[1..3], ["true", "true"], "{text}");
    assert!(lines[3].contains("there is no tool \"fs.write\""), "{text}");
    assert_eq!(lines[4], "true", "{text}");
    for file in ["asked", "denied"] {
        assert!(!home.work().join(file).exists(), "{file}");
    }
}

#[test]
fn hooks_see_each_call_and_decide() {
    let code = "local a = system.run{argv={'echo', 'one'}}.stdout
        local ok, e = pcall(system.run, {argv={'touch', 'made'}})
        return a, e.message, system.run{argv={'date'}}";
    let fake = model(&[code]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { tools = { allow = { 'lua.run', 'system.run' } } })
         pista.hook('tool_call', function(call)
           if call.name ~= 'system.run' then return end
           if call.args.argv[1] == 'touch' then return pista.deny('not tonight') end
           if call.args.argv[1] == 'date' then return pista.answer('yesterday') end
           if call.args.argv[1] == 'echo' then return { args = { argv = { 'echo', 'two' } } } end
         end)",
    );
    home.say("go").ok();
    let text = told(&fake, 1);
    assert!(
        text.starts_with("two\n") && text.contains("not tonight") && text.ends_with("yesterday"),
        "{text}"
    );
    assert!(!home.work().join("made").exists());
}

#[test]
fn the_floor_holds_for_programs() {
    let fake = model(&["fs.write{path='init.lua', content='-- owned'}"]);
    let home = Home::with(&fake);
    let init = home.write(
        &home.work().join("init.lua"),
        "pista.agent('main', { tools = { allow = { 'lua.run', '*' } } })",
    );
    let args = ["run", "--yes", "--config", init.to_str().expect("text"), "-e", "go"];
    home.run(args).ok();
    assert!(told(&fake, 1).contains("protected"), "{}", told(&fake, 1));
    assert!(!std::fs::read_to_string(init).expect("there").contains("owned"));
}

#[test]
fn tools_written_in_lua_are_there_too() {
    let fake = model(&["return weather.now{city='Jeju'}, weather_now{city='Busan'}"]);
    let home = Home::with(&fake);
    home.init(
        "pista.tool { name = 'weather.now', description = 'x', parameters = { city = 'string' }, effect = 'read',
           run = function(args) return 'fair in ' .. args.city end }
         pista.agent('main', { tools = { allow = { 'lua.run' } } })",
    );
    home.say("go").ok();
    assert_eq!(told(&fake, 1), "fair in Jeju\nfair in Busan");
}

#[test]
fn a_program_cannot_disguise_a_secret() {
    let code = "local function text(r) return type(r) == 'table' and r.content or r end
        return text(fs.read{path='leak'}):reverse(), system.run{argv={'cat', 'leak'}}.stdout:reverse()";
    let fake = model(&[code]);
    let home = Home::with(&fake).env("OPENPISTA_API_KEY", "sk-canary-0123456789abcdef");
    allowing(&home, "allow = { 'lua.run', 'system.run' }");
    std::fs::write(home.work().join("leak"), "begin sk-canary-0123456789abcdef end").expect("a file");
    home.say("go").ok();
    let text = told(&fake, 1);
    assert_eq!(text.matches("nigeb").count(), 2, "both were read: {text}");
    assert!(!text.contains("fedcba9876543210"), "{text}");
}

#[test]
fn a_person_is_asked_about_each_call_and_their_thinking_costs_no_time() {
    let code = "system.run{argv={'touch', 'one'}}
        local ok, e = pcall(system.run, {argv={'touch', 'two'}})
        return ok, e.status";
    let call = Reply::call("lua_run", json!({ "code": code, "timeout": 0.5 }));
    let fake = FakeOpenAi::start([call, Reply::text("It is done.")]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run' }");
    let mut terminal = Terminal::start(home.command(["repl"]));
    terminal.sees("›");
    terminal.line("go");
    let shown = terminal.sees(QUESTION);
    assert!(shown.contains("? system.run touch one"), "{shown}");
    assert!(!home.work().join("one").exists());
    // Longer than the program may run.
    std::thread::sleep(std::time::Duration::from_millis(700));
    terminal.line("y");
    let shown = terminal.sees_times(QUESTION, 2);
    assert!(shown.contains("? system.run touch two"), "{shown}");
    terminal.line("n");
    terminal.sees("It is done.");
    assert_eq!(told(&fake, 1), "false\ndenied");
    assert!(home.work().join("one").exists() && !home.work().join("two").exists());
}

#[test]
fn a_person_who_is_asked_sees_the_whole_program() {
    let call = Reply::call("lua_run", json!({ "code": "local x = 1\nreturn x + 1" }));
    let fake = FakeOpenAi::start([call, Reply::text("It is done.")]);
    let home = Home::with(&fake);
    allowing(&home, "ask = { 'lua.run' }");
    let mut terminal = Terminal::start(home.command(["repl"]));
    terminal.sees("›");
    terminal.line("go");
    let shown = terminal.sees(QUESTION);
    assert!(shown.contains("│ local x = 1\n") && shown.contains("│ return x + 1\n"), "{shown}");
    terminal.line("y");
    terminal.sees("It is done.");
    assert_eq!(told(&fake, 1), "2");
}

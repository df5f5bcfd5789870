//! `tool_call` hooks, from init.lua to what runs.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Ran},
};
use serde_json::json;

/// A turn that wants to touch `made`, under this init.lua: what the model was told, and what there is.
fn touched(lua: &str, args: &[&str]) -> (String, Ran, Home) {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init(lua);
    let ran = home.run([&["run", "-e", "make it"], args].concat()).ok();
    assert_eq!(fake.refusals(), [""; 0]);
    (fake.requests()[1].last_text().to_owned(), ran, home)
}

#[test]
fn a_hook_allows_what_would_be_asked() {
    let (told, _, home) = touched(
        "pista.hook('tool_call', function(call)
            if call.name == 'system.run' and call.args.argv[1] == 'touch' then return pista.allow() end
        end)",
        &[],
    );
    assert!(told.starts_with("exit code 0") && home.work().join("made").exists(), "{told}");
}

#[test]
fn a_hook_denies_what_is_allowed() {
    let (told, ran, home) = touched(
        "pista.agent('main', { tools = { allow = { 'system.run' } } })
        pista.hook('tool_call', function(call)
            return pista.deny('not on a ' .. 'Monday')
        end)",
        &["--yes"],
    );
    assert!(told.contains("not on a Monday") && told.contains("init.lua:2"), "{told}");
    assert!(ran.err.contains("not on a Monday"), "{}", ran.err);
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_hook_answers_in_place_of_the_tool() {
    let (told, ran, home) =
        touched("pista.hook('tool_call', function() return pista.answer { fake = true } end)", &[]);
    assert_eq!(told, r#"{"fake":true}"#);
    assert!(!home.work().join("made").exists() && ran.err.contains("ok"), "{}", ran.err);
}

#[test]
fn a_hook_rewrites_the_arguments() {
    let lua = "pista.agent('main', { tools = { allow = { { 'system.run', argv = { 'touch', 'other' } } } } })
        pista.hook('tool_call', function(call)
            call.args.argv[2] = 'NAME'
            return { args = call.args }
        end)";
    let (told, ran, home) = touched(&lua.replace("NAME", "other"), &[]);
    assert!(told.starts_with("exit code 0") && ran.err.contains("touch other"), "{told} {}", ran.err);
    assert!(home.work().join("other").exists() && !home.work().join("made").exists());
    // The rules judge what would run, not what was asked for.
    let (told, _, home) = touched(&lua.replace("NAME", "third"), &[]);
    assert!(told.contains("denied") && !home.work().join("third").exists(), "{told}");
}

#[test]
fn a_hook_that_asks_is_not_lifted_by_yes() {
    let (told, _, home) = touched(
        "pista.agent('main', { tools = { allow = { '*' } } })
        pista.hook('tool_call', function() return pista.ask() end)",
        &["--yes"],
    );
    assert!(told.contains("nobody can be asked") && told.contains("init.lua:2"), "{told}");
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_hook_that_fails_or_is_late_denies() {
    for (hook, words) in [
        ("error('broken')", "broken"),
        ("return 'yes'", "returned"),
        ("while true do end", "hook"),
        ("pista.sleep(60)", "hook"),
    ] {
        let lua = format!(
            "pista.setup {{ hook_timeout = 0.3 }}
            pista.agent('main', {{ tools = {{ allow = {{ '*' }} }} }})
            pista.hook('tool_call', function() {hook} end)
            pista.hook('tool_call', function() return pista.allow() end)"
        );
        let (told, _, home) = touched(&lua, &["--yes"]);
        assert!(
            told.contains("denied") && told.contains(words) && told.contains("init.lua:3"),
            "{hook}: {told}"
        );
        assert!(!home.work().join("made").exists(), "{hook}");
    }
}

#[test]
fn the_strictest_of_several_hooks_counts() {
    let (told, _, home) = touched(
        "pista.hook('tool_call', function() return pista.allow() end)
        pista.hook('tool_call', function() return pista.deny('no') end)",
        &[],
    );
    assert!(told.contains("init.lua:2") && !home.work().join("made").exists(), "{told}");
}

#[test]
fn a_hook_sees_who_asks_and_where() {
    let (told, _, _) = touched(
        "pista.hook('tool_call', function(call)
            return pista.answer(table.concat({ call.agent, call.channel, call.user, type(call.session) }, ' '))
        end)",
        &[],
    );
    assert_eq!(told, "main cli user string");
}

//! Where settings come from, and which of them counts.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::{Value, json};

/// The value and the origin of a setting.
#[track_caller]
fn shown(home: &Home, args: &[&str], key: &str) -> (Value, String) {
    let args = [&["config", "show", "--json"], args].concat();
    let settings = home.run(args).ok().json();
    let setting = settings.into_iter().find(|s| s["key"] == key).expect("the setting");
    (setting["value"].clone(), setting["origin"]["from"].as_str().expect("a kind").to_owned())
}

#[test]
fn the_stronger_layer_counts() {
    let home = Home::new();
    let key = "max_tool_rounds";
    assert_eq!(shown(&home, &[], key), (json!(10), "default".into()));
    home.toml("max_tool_rounds = 2\nretries = 7");
    assert_eq!(shown(&home, &[], key), (json!(2), "toml".into()));
    home.init("pista.setup { max_tool_rounds = 3 }");
    assert_eq!(shown(&home, &[], key), (json!(3), "lua".into()));
    assert_eq!(shown(&home, &[], "retries"), (json!(7), "toml".into()));
    let home = home.env("OPENPISTA_MAX_TOOL_ROUNDS", "4");
    assert_eq!(shown(&home, &[], key), (json!(4), "env".into()));
    assert_eq!(shown(&home, &["-v"], "log"), (json!("info"), "flag".into()));
}

#[test]
fn origins_are_shown_with_their_places() {
    let home = Home::new().env("OPENPISTA_RETRIES", "5");
    home.toml("\ntool_timeout = 12\n");
    home.init("\n\npista.setup {\n  agent = 'main',\n  workspace = '~/w',\n}\n");
    let shown = home.run(["config", "show", "--origin", "-vv"]).ok().out;
    let line = |key: &str| shown.lines().find(|l| l.split(' ').next() == Some(key)).expect("a line");
    for (key, value, origin) in [
        ("retries", "5", "environment OPENPISTA_RETRIES"),
        ("tool_timeout", "12", "config.toml:2"),
        ("workspace", "/w\"", "init.lua:5"),
        ("log", "\"debug\"", "--verbose"),
        ("idle_timeout", "120", "default"),
    ] {
        let line = line(key);
        assert!(line.contains(value) && line.trim_end().ends_with(origin), "{key}: {line}");
    }
    assert!(!home.run(["config", "show"]).ok().out.contains("environment"));
}

#[test]
fn an_init_lua_in_the_current_directory_is_never_run() {
    let home = Home::new();
    home.write(&home.work().join("init.lua"), "error('run unasked')");
    home.write(&home.work().join("config.toml"), "nonsense");
    home.write(&home.work().join("openpista/init.lua"), "error('run unasked')");
    home.run(["config", "show"]).ok();
    assert!(home.run(["config", "path"]).ok().out.contains("(built in)"));
    let ran = home.say("hi");
    assert!(!ran.err.contains("unasked"), "{}", ran.err);
    home.run(["run", "--config", "init.lua", "-e", "hi"]).code(78).complains(["config.toml:1"]);
    std::fs::remove_file(home.work().join("config.toml")).expect("removed");
    home.run(["run", "--config", "init.lua", "-e", "hi"]).code(78).complains(["init.lua:1:", "run unasked"]);
}

#[test]
fn the_configuration_can_be_elsewhere() {
    let home = Home::new();
    let place = home.path().join("elsewhere");
    home.write(&place.join("openpista/init.lua"), "pista.setup { retries = 21 }");
    home.write(&home.path().join("named.lua"), "pista.setup { retries = 22 }");
    home.write(&home.path().join("flag.lua"), "pista.setup { retries = 23 }");
    home.init("pista.setup { retries = 20 }");
    assert_eq!(shown(&home, &[], "retries").0, 20);
    let home = home.env("XDG_CONFIG_HOME", place.to_str().expect("text"));
    assert_eq!(shown(&home, &[], "retries").0, 21);
    let home = home.env("OPENPISTA_CONFIG", "~/named.lua");
    assert_eq!(shown(&home, &[], "retries").0, 22);
    assert_eq!(shown(&home, &["--config", "../home/flag.lua"], "retries").0, 23);
    let path = home.run(["config", "path"]).ok().out;
    assert!(path.contains("named.lua") && path.contains("openpista.db"), "{path}");
}

#[test]
fn state_is_kept_where_it_belongs() {
    let fake = FakeOpenAi::start([Reply::text("one"), Reply::text("two")]);
    let home = Home::with(&fake);
    let state = home.path().join("s");
    let home = home.env("XDG_STATE_HOME", state.to_str().expect("text"));
    home.say("hi").ok();
    assert!(state.join("openpista/openpista.db").exists() && !home.state().exists());
    home.toml("database = 'mine/own.db'");
    home.say("hi").ok();
    assert!(home.config().join("mine/own.db").exists(), "relative to the file that says it");
}

#[test]
fn variables_that_are_set_to_nothing_count_as_unset() {
    let home = Home::new().env("OPENPISTA_RETRIES", "").env("OPENPISTA_CONFIG", "");
    assert_eq!(shown(&home, &[], "retries"), (json!(2), "default".into()));
}

#[test]
fn every_variable_is_read() {
    let example = Home::new().run(["config", "example"]).ok().out;
    let names = example.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let names: std::collections::BTreeSet<&str> = names.filter(|n| n.starts_with("OPENPISTA_")).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let home = Home::new().env(name, "\u{1}");
        let ran = home.run(["config", "show", "--origin"]);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(told.contains(name), "{name} is documented and does nothing: {told}");
    }
}

#[test]
fn the_example_is_a_configuration() {
    let home = Home::new();
    let example = home.run(["config", "example"]).ok().out;
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
    assert_eq!(example, std::fs::read_to_string(shipped).expect("the shipped example"));
    home.toml(&example);
    home.run(["config", "show"]).ok();
    let lines: Vec<String> = example
        .lines()
        .filter_map(|l| l.strip_prefix("# "))
        .filter(|l| {
            l.starts_with("  \"") || *l == "]" || l.split_once(" = ").is_some_and(|(k, _)| !k.contains(' '))
        })
        .map(str::to_owned)
        .collect();
    home.toml(&lines.join("\n"));
    let ran = home.run(["config", "show", "--json"]).ok();
    let from_file = ran.json().iter().filter(|s| s["origin"]["from"] == "toml").count();
    assert!(from_file > 25, "{from_file} of the settings are read:\n{}", lines.join("\n"));
}

#[test]
fn the_longest_answer_is_a_setting() {
    let fake = FakeOpenAi::start([Reply::text("short")]);
    Home::with(&fake).env("OPENPISTA_MAX_TOKENS", "77").say("hi").ok();
    let body = &fake.requests()[0].body;
    let limit = body.get("max_tokens").or(body.get("max_completion_tokens"));
    assert_eq!(limit, Some(&json!(77)), "{body}");
}

#[test]
fn the_log_goes_to_stderr_as_text_or_json() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let home = Home::with(&fake);
    home.init("pista.log.info('a remark', { n = 1 })");
    let quiet = home.say("hi").ok();
    assert!(!quiet.err.contains("a remark"));
    let ran = home.run(["run", "-v", "-e", "hi"]).ok().complains(["a remark", "INFO"]);
    assert_eq!(ran.out, "hi\n");
    let home = home.env("OPENPISTA_LOG", "info").env("OPENPISTA_LOG_FORMAT", "json");
    let ran = home.say("hi").ok();
    for line in ran.err.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    }
    assert!(ran.err.contains("a remark"));
}

#[test]
fn a_script_sets_limits_and_the_log_for_itself() {
    let fake = FakeOpenAi::start([Reply::text("One."), Reply::text("Two.")]);
    let home = Home::with(&fake);
    home.init(
        "pista.setup { log = 'info', log_format = 'json', lua_memory_mb = 8, observer_timeout = 0.1 }\n\
         pista.on('turn.start', function() while true do end end)\n\
         pista.on('turn.end', function() pista.log.info('after', { ok = pcall(string.rep, 'x', 20000000) }) end)",
    );
    let ran = home.say("hi").ok();
    let logged: Vec<Value> = ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let message = |words: &str| logged.iter().any(|event| event.to_string().contains(words));
    assert!(message("stopped after 100 ms"), "{}", ran.err);
    // 20 MB do not fit into 8.
    assert!(message("after") && message("false"), "{}", ran.err);
}

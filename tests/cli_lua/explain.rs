//! `openpista policy explain`.

use crate::support::program::Home;
use serde_json::{Value, json};

const INIT: &str = r#"
pista.agent("main", {
  tools = {
    allow = { { "system.run", argv = { "uptime" } }, "fs.write" },
    deny = { "fs.edit" },
  },
})
pista.agent("free", { tools = { allow = { "*" } } })
pista.hook("tool_call", function(call)
  if call.args.command == "git push" then return pista.deny("not on Fridays") end
  if call.args.command == "git status" then return pista.allow() end
end)
pista.hook("tool_call", function(call)
  if call.args.command == "git pull" then pista.system.run("touch ran") return pista.allow() end
  if call.args.command == "git fetch" then pcall(pista.tools.call, "fs.write", { path = "ran", content = "" }) end
  if call.args.command == "who" then return pista.answer("you") end
  if call.args.command == "mine" and call.channel == "telegram" then return pista.deny("not from there") end
end)
pista.hook("approval", function(question)
  if question.args.command == "make" then return pista.allow() end
  if question.args.command == "make install" then return pista.deny("not here") end
  if question.args.command == "make clean" then return pista.ask { to = "telegram:9" } end
  if question.args.command == "make look" then pista.system.run("touch ran") return pista.allow() end
end)
pista.channel("telegram", { token = pista.secret("env:TOKEN"), users = { 1, 123 } })
pista.channel("web", { users = { "*" }, send = function() end })
"#;

fn explain(home: &Home, args: &[&str]) -> Value {
    let args = ["policy", "explain", "--json"].iter().chain(args);
    home.run(args).ok().json().remove(0)
}

fn verdict(home: &Home, args: &[&str]) -> (String, String, Option<String>) {
    let told = explain(home, args);
    let text = |key: &str| told[key].as_str().map(str::to_owned);
    (text("outlook").expect("a verdict"), text("by").expect("what decides"), text("location"))
}

/// What the tools themselves refuse, whatever the rules say.
#[test]
fn what_a_tool_refuses_is_refused() {
    let home = Home::new();
    home.init("pista.agent('main', { tools = { allow = { '*' } } })");
    for (args, by, words) in [
        (&["fs.read", ".env"][..], "floor", "usually holds secrets"),
        (&["fs.read", ".ssh/x"], "floor", "usually holds secrets"),
        (&["fs.read", "../x"], "floor", "outside of the workspace"),
        (&["fs.read", "/etc/passwd"], "floor", "outside of the workspace"),
        (&["fs.write", r#"{"path": ".git/hooks/x", "content": ""}"#], "floor", "can be read but not written"),
        (&["fs.read", r#"{"path": ["x"]}"#], "call", "path"),
        (&["fs.read", r#"{"path": "x", "lines": 3}"#], "call", "no argument"),
        (&["fs.read", "{}"], "call", "is missing"),
        (&["fs.edit", r#"{"path": "x", "old": "", "new": ""}"#], "call", "old is empty"),
        (&["system.run", r#"{"argv": [], "timeout": 5}"#], "call", "argv is empty"),
        (&["system.run", r#"{"argv": ["true"], "command": "true"}"#], "call", "not both"),
        (&["system.run", r#"{"argv": ["true"], "timeout": 0}"#], "call", "timeout must be"),
        (&["http.get", "ftp://example.org"], "call", "must begin with http"),
        (&["http.get", "http://169.254.169.254/latest"], "floor", "169.254.169.254"),
        (&["no.tool", "x"], "call", "there is no tool"),
    ] {
        let told = explain(&home, args);
        assert_eq!((&told["outlook"], &told["by"]), (&"deny".into(), &by.into()), "{args:?}: {told}");
        let steps = told["steps"].to_string();
        assert!(steps.contains(words), "{args:?}: {words:?} is not in {steps}");
    }
    // What is only not there is the tool's to tell.
    assert_eq!(verdict(&home, &["fs.read", "missing.txt"]).0, "allow");
}

#[test]
fn who_cannot_speak_has_nothing_done() {
    let home = Home::new();
    home.init(
        "pista.agent('main', { tools = { allow = { '*' } } })
        pista.channel('telegram', { token = pista.secret('env:T'), users = { 42 } })
        pista.channel('phone', { users = { '*' }, send = function() end })",
    );
    for (who, words) in [
        ("telegram:43", "\"43\" may not speak on telegram: its users do not name them (init.lua:2)"),
        ("telegam:42", "there is no channel \"telegam\"; did you mean \"telegram\"?"),
        ("quic:01abc", "no device has the id \"01abc\""),
    ] {
        let told = explain(&home, &["fs.read", "x", "--as", who]);
        assert_eq!((&told["outlook"], &told["by"]), (&"deny".into(), &"person".into()), "{who}: {told}");
        assert!(told["steps"][0].as_str().expect("a step").contains(words), "{who}: {told}");
        home.run(["policy", "explain", "--quiet", "fs.read", "x", "--as", who]).code(11);
    }
    for who in ["telegram:42", "phone:anybody", "cli:me", "repl:me"] {
        assert_eq!(explain(&home, &["fs.read", "x", "--as", who])["outlook"], "allow", "{who}");
    }
}

#[test]
fn a_line_that_could_be_words_is_told_as_both() {
    let home = Home::new();
    home.init(
        "pista.agent('main', { tools = { allow = { { 'system.run', argv = { 'git', 'status' } } } } })",
    );
    let line = home.run(["policy", "explain", "system.run", "git status"]).ok().out;
    assert!(
        line.starts_with("ask: ") && line.contains("which no shell reads, it is another call: allow"),
        "{line}"
    );
    let words = home.run(["policy", "explain", "system.run", "git", "status"]).ok().out;
    assert!(words.starts_with("allow: ") && !words.contains("another call"), "{words}");
    assert_eq!(words, home.run(["policy", "explain", "system.run", "--", "git", "status"]).ok().out);
    assert_eq!(words, home.run(["policy", "explain", "system.run", "git", "--", "status"]).ok().out);
    // The name that models know it by.
    assert_eq!(words, home.run(["policy", "explain", "system_run", "git", "status"]).ok().out);
    let slip = home.run(["policy", "explain", "system.rum", "git", "status"]).ok().out;
    assert!(slip.contains("did you mean \"system.run\"?"), "{slip}");
}

#[test]
fn verdicts_and_what_they_come_from() {
    let home = Home::new();
    home.init(INIT);
    for (args, outlook, by, at) in [
        (&["system.run", "--", "uptime"][..], "allow", "rule", Some("init.lua:4")),
        (&["system.run", "ls -l"], "ask", "default", None),
        (&["fs.read", "x"], "allow", "default", None),
        (&["fs.edit", "x"], "deny", "call", None),
        (&["fs.edit", r#"{"path": "x", "old": "a", "new": "b"}"#], "deny", "rule", Some("init.lua:5")),
        (&["fs.edit", "x", "--agent", "free"], "deny", "call", None),
        (
            &["fs.edit", r#"{"path": "x", "old": "a", "new": "b"}"#, "--agent", "free"],
            "allow",
            "rule",
            Some("init.lua:8"),
        ),
        (&["system.run", "git push"], "deny", "hook", Some("init.lua:9")),
        // Words are words, with a hyphen before them or without.
        (&["system.run", "git", "push"], "ask", "default", None),
        (&["system.run", "--", "git", "push"], "ask", "default", None),
        (&["fs.edit", "--", "x"], "deny", "call", None),
        (&["system.run", "git status"], "allow", "hook", Some("init.lua:9")),
        (&["system.run", "git pull"], "unclear", "hook", Some("init.lua:13")),
        (&["system.run", "git fetch"], "unclear", "hook", Some("init.lua:13")),
        (&["system.run", "who"], "answer", "hook", Some("init.lua:13")),
        (&["system.run", "make"], "allow", "hook", Some("init.lua:19")),
        (&["system.run", "make install"], "deny", "hook", Some("init.lua:19")),
        (&["system.run", "make clean"], "ask", "default", None),
        (&["system.run", "make look"], "unclear", "hook", Some("init.lua:19")),
        (&["nope"], "deny", "call", None),
    ] {
        let wanted = (outlook.to_owned(), by.to_owned(), at.map(str::to_owned));
        assert_eq!(verdict(&home, args), wanted, "{args:?}");
    }
    let own = home.config().join("init.lua");
    let write = serde_json::json!({ "path": own, "content": "x" }).to_string();
    let floor = verdict(&home, &["fs.write", &write]);
    assert_eq!(floor, ("deny".to_owned(), "floor".to_owned(), None));
    assert!(!home.work().join("ran").exists(), "a hook that was only asked did something");
}

#[test]
fn the_words_for_a_person() {
    let home = Home::new();
    home.init(INIT);
    let ran = home.run(["policy", "explain", "system.run", "git push", "--as", "telegram:123"]).ok();
    for words in [
        "deny: a tool_call hook (init.lua:9)",
        "{\"command\":\"git push\"}",
        "by agent main, for telegram:123",
        "denies it: not on Fridays",
    ] {
        assert!(ran.out.contains(words), "{words:?} is not in {}", ran.out);
    }
    let ran = home.run(["policy", "explain", "system.run", "make clean"]).ok();
    assert!(ran.out.contains("telegram:9 is asked"), "{}", ran.out);
    let ran = home.run(["policy", "explain", "system.run", "git pull"]).ok();
    assert!(ran.out.contains("init.lua:13 says cannot be told without running it"), "{}", ran.out);
}

#[test]
fn every_channel_gets_the_same_verdict() {
    let home = Home::new();
    home.init(INIT);
    for call in ["ls", "git push", "git status", "git pull", "who"] {
        let told = ["cli:me", "repl:me", "telegram:1", "cron:digest", "web:x", "lua:me"]
            .map(|who| verdict(&home, &["system.run", call, "--as", who]));
        assert!(told.iter().all(|other| *other == told[0]), "{call}: {told:?}");
    }
    // Unless the configuration itself says otherwise.
    assert_eq!(verdict(&home, &["system.run", "mine", "--as", "telegram:1"]).0, "deny");
    assert_eq!(verdict(&home, &["system.run", "mine", "--as", "cli:1"]).0, "ask");
}

#[test]
fn the_exit_code_tells_when_asked_to_be_quiet() {
    let home = Home::new();
    home.init(INIT);
    for (command, code) in [("git status", 0), ("who", 0), ("ls", 10), ("git push", 11), ("git pull", 12)] {
        let ran = home.run(["policy", "explain", "--quiet", "system.run", command]).code(code);
        assert_eq!((ran.out, ran.err), (String::new(), String::new()), "{command}");
    }
}

#[test]
fn autonomy_counts() {
    let home = Home::new().env("OPENPISTA_AUTONOMY", "auto");
    assert_eq!(verdict(&home, &["system.run", "ls"]), ("allow".into(), "autonomy".into(), None));
}

#[test]
fn arguments_in_their_forms() {
    let home = Home::new();
    for (args, wanted) in [
        (&["system.run", "git push"][..], json!({"command": "git push"})),
        (&["system.run", "git", "push"], json!({"argv": ["git", "push"]})),
        (&["system.run", "--", "git", "push", "-f"], json!({"argv": ["git", "push", "-f"]})),
        (&["system.run", r#"{"argv": ["ls"], "cwd": "/"}"#], json!({"argv": ["ls"], "cwd": "/"})),
        (&["fs.read", "notes.txt"], json!({"path": "notes.txt"})),
        (&["system.run"], json!({})),
    ] {
        assert_eq!(explain(&home, args)["args"], wanted, "{args:?}");
    }
    home.run(["policy", "explain", "system.run", "{oops"]).code(2).complains(["no JSON object"]);
    home.run(["policy", "explain", "system.run", "ls", "--as", "nobody"]).code(2).complains(["CHANNEL"]);
    home.run(["policy", "explain", "fs.list", "x", "--agent", "nobody"]).code(78).complains(["no agent"]);
}

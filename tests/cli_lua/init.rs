//! `openpista init`.

use crate::support::{fake_openai::FakeOpenAi, program::Home, terminal::Terminal};
use std::fs;

fn written(home: &Home) -> String {
    fs::read_to_string(home.config().join("init.lua")).expect("an init.lua")
}

#[track_caller]
fn assert_sound(home: &Home) -> String {
    let text = written(home);
    assert!(text.lines().count() <= 15, "{text}");
    let ran = home.run(["check"]).ok();
    assert_eq!(ran.err, "", "{text}");
    ran.out
}

#[test]
fn with_a_key_in_the_environment() {
    let home = Home::new().env("GROQ_API_KEY", "gsk-secret");
    home.run(["init", "--yes"]).ok();
    let text = written(&home);
    assert!(text.contains("model = \"groq/openai/gpt-oss-120b\"") && text.contains("GROQ_API_KEY"), "{text}");
    assert!(!text.contains("gsk-secret"));
    assert!(assert_sound(&home).contains("the model is groq/"));
    let listed = home.run(["tools"]).ok().out;
    assert!(
        listed.lines().any(|line| line.starts_with("system.run") && line.contains("ask (+3 exact)")),
        "{listed}"
    );
}

#[test]
fn with_a_local_server() {
    let fake = FakeOpenAi::start([]);
    let home = Home::new().env("OPENPISTA_LOCAL_SERVERS", format!("[\"{}\"]", fake.url()));
    home.run(["init", "--yes"]).ok();
    assert!(
        written(&home).contains("/fake-model\" }") && written(&home).contains(&fake.url()),
        "{}",
        written(&home)
    );
    assert!(assert_sound(&home).contains("fake-model"));
}

#[test]
fn with_nothing() {
    let home = Home::new();
    home.run(["init", "--yes"]).ok();
    assert!(written(&home).contains("No model was found"));
    assert!(assert_sound(&home).contains("the model is demo"));
}

#[test]
fn nothing_of_the_users_is_overwritten() {
    let home = Home::new();
    home.init("-- mine\n");
    home.write(&home.config().join(".luarc.json"), "{}");
    let ran = home.run(["init", "--yes"]).ok();
    assert_eq!(written(&home), "-- mine\n");
    assert_eq!(fs::read_to_string(home.config().join(".luarc.json")).expect("a file"), "{}");
    for words in ["never rewritten", "pista.agent(\"main\"", "add \".pista-types\""] {
        assert!(ran.out.contains(words), "{words:?} is not in {}", ran.out);
    }
    // Nor through a link that leads nowhere.
    fs::remove_file(home.config().join("init.lua")).expect("a file");
    std::os::unix::fs::symlink(home.path().join("elsewhere"), home.config().join("init.lua"))
        .expect("a link");
    home.run(["init", "--yes"]).ok();
    assert!(!home.path().join("elsewhere").exists());
}

#[test]
fn the_types_are_written_and_kept_up_to_date() {
    let home = Home::new();
    home.run(["init", "--yes"]).ok();
    let luarc: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(home.config().join(".luarc.json")).expect("a file"))
            .expect("JSON");
    let library = luarc["workspace.library"][0].as_str().expect("a folder");
    let types = home.config().join(library);
    let of_today = fs::read_to_string(types.join("pista.d.lua")).expect("types");
    assert!(of_today.starts_with("---@meta"));
    // Another version wrote these.
    fs::write(types.join("pista.d.lua"), "---@meta old").expect("a file");
    fs::write(types.join("gone.d.lua"), "---@meta gone").expect("a file");
    home.run(["check"]).ok();
    assert_eq!(fs::read_to_string(types.join("pista.d.lua")).expect("types"), of_today);
    assert!(!types.join("gone.d.lua").exists());
}

#[test]
fn in_another_place() {
    let home = Home::new();
    let ran = home.run(["init", "--yes", "--dir", "there"]).ok();
    assert!(ran.out.contains("check --config"), "{}", ran.out);
    assert!(!home.config().exists());
    home.run(["check", "--config", "there/init.lua"]).ok();
}

#[test]
fn at_a_terminal_two_questions_are_asked() {
    let home = Home::new().env("OPENAI_API_KEY", "a").env("GROQ_API_KEY", "b");
    let mut terminal = Terminal::start(home.command(["init"]));
    terminal.sees("Which model? [1]");
    terminal.line("2");
    terminal.sees("[Y/n]");
    terminal.line("n");
    assert_eq!(terminal.code(), Some(0));
    let text = written(&home);
    assert!(text.contains("model = \"groq/"), "{text}");
    assert!(text.contains("-- allow = {"), "{text}");
    assert_sound(&home);
}

#[test]
fn only_a_yes_is_one() {
    // Ctrl-D, and what other programs are left by.
    for no in ["\x04", "q\r", "no\r", "quit\r", ":q\r", "N\r"] {
        let home = Home::new().env("OPENAI_API_KEY", "a");
        let mut terminal = Terminal::start(home.command(["init"]));
        terminal.sees("[Y/n]");
        terminal.keys(no);
        assert_eq!(terminal.code(), Some(0), "{no:?}");
        assert!(written(&home).contains("-- allow = {"), "{no:?}: {}", written(&home));
        assert_sound(&home);
    }
    for yes in ["\r", "y\r", "YES\r"] {
        let home = Home::new().env("OPENAI_API_KEY", "a");
        let mut terminal = Terminal::start(home.command(["init"]));
        terminal.sees("[Y/n]");
        terminal.keys(yes);
        assert_eq!(terminal.code(), Some(0), "{yes:?}");
        assert!(written(&home).contains("\"uptime\" } },"), "{yes:?}: {}", written(&home));
    }
}

#[test]
fn a_question_explains_itself_and_is_asked_again() {
    let home = Home::new().env("OPENAI_API_KEY", "a").env("GROQ_API_KEY", "b");
    let mut terminal = Terminal::start(home.command(["init"]));
    terminal.sees("Which model? [1]");
    terminal.line("?");
    terminal.sees("a number from 1 to 2");
    terminal.line("7");
    terminal.sees("\"7\" is no answer here");
    terminal.line("n");
    terminal.sees("[Y/n]");
    terminal.line("help");
    terminal.sees("in exactly the form that init.lua will show");
    terminal.line("whatever");
    terminal.sees("\"whatever\" is no answer here");
    terminal.line("");
    assert_eq!(terminal.code(), Some(0));
    let text = written(&home);
    assert!(text.contains("No model was chosen") && text.contains("\"uptime\" } },"), "{text}");
    assert_sound(&home);
}

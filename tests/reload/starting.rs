//! A start with a broken configuration, where another has worked before.

use crate::{
    piped::Piped,
    support::program::{Home, Running},
};
use std::{fs, os::unix::fs::PermissionsExt};

const GOOD: &str = "require('lib')\npista.provider('kept', { base_url = 'http://127.0.0.1:9/v1' })
    pista.agent('main', { model = 'kept/model' })\n";

fn home() -> Home {
    let home = Home::new();
    home.init(GOOD);
    home.write(&home.config().join("lib.lua"), "function pista_test() return 'kept' end");
    home.toml("max_tool_rounds = 33\n");
    // A start that worked.
    assert_eq!(Piped::start(&home).end(), Some(0));
    home
}

#[test]
fn the_last_one_that_worked_stands_in() {
    let home = home();
    home.init("pista.agent(");
    home.write(&home.config().join("lib.lua"), "broken too");
    home.toml("max_tool_rounds = 'broken'\n");
    let mut piped = Piped::start(&home);
    piped.err.sees("the configuration is broken: ");
    piped.err.sees("config.toml:1: max_tool_rounds");
    piped.err.sees("the last one that worked is in force");
    piped.says("=pista_test()", "\"kept\"");
    piped.line("/model");
    piped.out.sees("kept/model");
    // Mended one after the other, each fault is told.
    home.toml("max_tool_rounds = 34\n");
    piped.err.sees("init.lua:1:");
    home.init(GOOD);
    piped.err.sees("lib.lua:1:");
    home.write(&home.config().join("lib.lua"), "function pista_test() return 'mended' end");
    piped.err.sees("setting max_tool_rounds 33 → 34");
    piped.says("=pista_test()", "\"mended\"");
}

#[test]
fn what_stands_in_is_not_kept_in_the_place_of_itself() {
    let home = home();
    home.init("pista.agent(");
    for _ in 0..2 {
        let mut piped = Piped::start(&home);
        piped.says("=pista_test()", "\"kept\"");
        assert_eq!(piped.end(), Some(0));
    }
}

#[test]
fn where_none_has_worked_it_does_not_start() {
    let home = Home::new();
    home.init("pista.agent(");
    Running::start(home.command(["repl"]), b"").wait().code(78).complains(["init.lua:1:"]);
    // Nor with another file than the one that did.
    let home = self::home();
    home.write(&home.work().join("other.lua"), "pista.agent(");
    let ran = Running::start(home.command(["repl", "--config", "other.lua"]), b"").wait().code(78);
    ran.complains(["other.lua:1:"]);
}

#[test]
fn what_runs_once_does_not_do_without_its_configuration() {
    let home = home();
    home.init("pista.agent(");
    for args in [&["run", "-e", "hello"][..], &["tools"]] {
        home.run(args).code(78).complains(["init.lua:1:"]);
    }
}

#[test]
fn nobody_else_can_read_what_is_kept() {
    let home = home();
    let kept = home.state().join("last-good");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&kept), 0o700);
    let files: Vec<_> =
        fs::read_dir(&kept).expect("a directory").map(|entry| entry.expect("a file").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(mode(&files[0]), 0o600);
    // Half of one is none.
    let text = fs::read(&files[0]).expect("text");
    fs::write(&files[0], &text[..text.len() / 2]).expect("written");
    home.init("pista.agent(");
    Running::start(home.command(["repl"]), b"").wait().code(78);
}

/// The home has moved since, with all that is in it; and perhaps the program was an older one.
#[test]
fn what_is_kept_moves_along_with_the_home() {
    for old in [false, true] {
        let home = home();
        let (init, lib) = (home.config().join("init.lua"), home.config().join("lib.lua"));
        if old {
            let kept = fs::read_dir(home.state().join("last-good")).unwrap().next().unwrap().unwrap().path();
            let mut copy: serde_json::Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
            copy["init"] = init.to_str().unwrap().into();
            let files = copy["files"].as_object().unwrap().clone();
            let absolute = files
                .into_iter()
                .map(|(name, text)| (home.config().join(name).to_str().unwrap().to_owned(), text));
            copy["files"] = absolute.collect::<serde_json::Map<_, _>>().into();
            fs::remove_file(&kept).unwrap();
            fs::write(kept.with_file_name("0123456789abcdef.json"), copy.to_string()).unwrap();
        }
        fs::write(&init, "pista.agent(").unwrap();
        fs::write(&lib, "broken too").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("elsewhere");
        fs::rename(home.path(), &place).unwrap();
        let mut command = home.command(["repl"]);
        command.env("HOME", &place);
        let ran = Running::start(command, b"=pista_test()\n").wait();
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "\"kept\"\n"), "old: {old}: {ran:?}");
        ran.complains(["the last one that worked is in force"]);
    }
}

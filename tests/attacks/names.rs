//! Names of sessions that are meant to do harm.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};

#[test]
fn a_session_can_be_called_anything_without_harm() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let home = Home::with(&fake);
    let long = "n".repeat(100_000);
    for name in [
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "two\nlines",
        "../../../etc/passwd",
        "'; DROP TABLE sessions; --",
        "%s%n",
        "\u{202e}txt",
        "a\tb",
        "🦀",
        "-rf",
        &long,
    ] {
        for args in [
            vec![format!("--session={name}"), "-e".into(), "hi".into()],
            vec!["-e".into(), "again".into(), format!("--session={name}")],
        ] {
            let ran = home.run(std::iter::once("run".to_owned()).chain(args));
            assert!(ran.code == Some(0) || ran.code == Some(1) || ran.code == Some(2), "{name:?}: {ran:?}");
            assert!(!ran.err.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{name:?}: {:?}", ran.err);
        }
        for args in [vec!["sessions", "list"], vec!["sessions", "show", "--", name]] {
            let ran = home.run(args);
            assert!(!ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{name:?}: {:?}", ran.out);
            assert!(!ran.err.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{name:?}: {:?}", ran.err);
        }
    }
    let list = home.run(["sessions", "list"]).ok().out;
    assert!(list.lines().all(|line| line.contains("messages")), "one session a line: {list:?}");
    assert!(list.lines().all(|line| line.chars().count() < 400), "no name fills the screen");
    assert!(std::fs::read_dir(home.work()).expect("a directory").next().is_none());
}

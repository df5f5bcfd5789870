//! Devices are listed, and shut out.

use crate::{
    PROMPT, address, invite, pair,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
    text,
};

#[test]
fn a_device_that_is_shut_out_is_cut_off_at_once() {
    let fake = FakeOpenAi::start([Reply::text("Once upon a time there was").cut_after(1400).then_hang()]);
    let (home, other) = (Home::with(&fake), Home::new());
    let daemon = Daemon::start(&home);
    pair(&home, &other, "user", "").ok();
    let mut terminal = Terminal::start(other.command(["connect", &address(&daemon)]));
    terminal.at(PROMPT);
    terminal.line("a story");
    terminal.sees("Once up");
    home.run(["devices", "revoke", "laptop"]).ok().complains(["shut out"]);
    // The turn ends, the prompt is back, and nothing more is to be had.
    terminal.sees("error: ");
    terminal.at(PROMPT);
    terminal.line("hello?");
    terminal.sees_times("error: ", 2);
    drop(terminal);
    other.run(["connect", &address(&daemon)]).code(1);
    // What it had under way was given up.
    assert!(fake.saw_hang_ups(1));
}

#[test]
fn the_list_tells_who_there_is() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    pair(&home, &other, "user", "").ok();
    let list = home.run(["devices", "list", "--json"]).ok().json();
    assert_eq!(list.len(), 2, "{list:?}");
    assert_eq!((&list[1]["name"], &list[1]["role"]), (&"laptop".into(), &"user".into()));
    let id = text(&list[1], "id");
    let shown = home.run(["devices", "list"]).ok().out;
    assert!(
        shown.contains(&id) && shown.contains("user    laptop") && shown.contains("seen just now"),
        "{shown}"
    );

    home.run(["devices", "revoke", "tablet"]).code(1).complains(["no device is called \"tablet\""]);
    let own = text(&list[0], "id");
    home.run(["devices", "revoke", &own]).code(1).complains(["that you ask from"]);
    let revoked = home.run(["devices", "revoke", &id[..20], "--json"]).ok().json();
    assert!(revoked[0]["revoked_ms"].is_number(), "{revoked:?}");
    assert!(home.run(["devices", "list"]).ok().out.contains("shut out just now"));
    // One that is shut out has no name any more that it could be called by.
    home.run(["devices", "revoke", "laptop"]).code(1);
    drop(daemon);
}

#[test]
fn it_works_without_the_daemon() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    let place = address(&daemon);
    pair(&home, &other, "user", "").ok();
    daemon.stop().ok();
    home.run(["devices", "revoke", "laptop"]).ok();
    let _daemon = Daemon::run(&home, home.command(["start", "--listen", &place]));
    other.run(["connect", &place]).code(1).complains(["token"]);
}

#[test]
fn two_of_one_name_are_told_apart() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    for _ in 0..2 {
        let line = text(&invite(&home, "user"), "invitation");
        Home::new().run(["connect", &line, "--name", "twin"]).ok();
    }
    let ran = home.run(["devices", "revoke", "twin"]).code(1);
    ran.complains(["fits 2 devices", "give the id"]);
}

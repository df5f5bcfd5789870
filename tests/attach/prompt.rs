//! The REPL on a daemon's engine.

use crate::{
    CTRL_C, PROMPT, answer, attach,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, is_alive, until},
        terminal::Terminal,
    },
};
use serde_json::json;
use std::fs;

#[test]
fn lua_changes_what_the_next_turn_does() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("heard: {}", request.last_text())));
    let home = Home::with(&fake);
    home.init("suffix = ''\npista.hook('message', function(m) m.text = m.text .. suffix return m end)");
    let daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    let shown = terminal.screen();
    assert!(
        shown.contains(&format!("pid {}, generation 1, model server/fake-model", daemon.id())),
        "{shown}"
    );
    assert_eq!(answer(&mut terminal, "hi"), "heard: hi");
    assert_eq!(answer(&mut terminal, "suffix = '!'"), "heard: suffix = '!'");
    assert_eq!(answer(&mut terminal, "/lua suffix = '!'"), "");
    assert_eq!(answer(&mut terminal, "=suffix, 1 + 1"), "\"!\", 2");
    assert_eq!(answer(&mut terminal, "hi"), "heard: hi!");
    // Another program's turn too: it is one engine.
    assert_eq!(home.run(["run", "-e", "ho"]).ok().out, "heard: ho!\n");
    assert_eq!(home.run(["run", "--local", "-e", "ho"]).ok().out, "heard: ho\n");
    assert_eq!(home.run(["eval", "suffix"]).ok().out, "\"\"\n");
    assert_eq!(home.run(["eval", "--attach", "suffix"]).ok().out, "\"!\"\n");
}

#[test]
fn blocks_go_on_errors_are_told_and_print_is_shown() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    terminal.line("=(function()");
    terminal.at("…");
    terminal.line("print('inside') return 5 end)()");
    terminal.sees("inside\n5\n");
    terminal.at(PROMPT);
    assert!(answer(&mut terminal, "=error('no way')").contains("no way"));
    terminal.keys("=pista.vers\t");
    terminal.sees("=pista.version");
    terminal.keys("\r");
    terminal.sees(env!("CARGO_PKG_VERSION"));
}

#[test]
fn commands_and_sessions_are_the_daemons() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("heard: {}", request.last_text())));
    let home = Home::with(&fake);
    home.init("pista.command('shout', { help = 'shouts' }, function(_, args) return args.text:upper() end)");
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    assert!(answer(&mut terminal, "/help").contains("/shout"));
    assert_eq!(answer(&mut terminal, "/shout it out"), "IT OUT");
    assert!(answer(&mut terminal, "/shuot x").contains("did you mean /shout?"));
    assert!(answer(&mut terminal, "/new plans").starts_with("session "));
    assert_eq!(answer(&mut terminal, "remember this"), "heard: remember this");
    assert!(answer(&mut terminal, "/new").starts_with("session "));
    let listed = answer(&mut terminal, "/sessions");
    assert!(listed.contains("[plans] remember this"), "{listed}");
    let resumed = answer(&mut terminal, "/resume plans");
    assert!(
        resumed.contains("you remember this") && resumed.contains("agent heard: remember this"),
        "{resumed}"
    );
    assert_eq!(answer(&mut terminal, "and that"), "heard: and that");
    assert_eq!(fake.requests().pop().expect("a request").messages().len(), 4);
    assert!(answer(&mut terminal, "/model").contains("model server/fake-model"));
    assert!(answer(&mut terminal, "/tools").contains("system.run"));
    assert!(answer(&mut terminal, "/status").contains("generation"));
    terminal.line("/quit");
    assert_eq!(terminal.code(), Some(0));
    // The next one goes on where this one was.
    let terminal = attach(&home);
    assert!(terminal.screen().contains("4 messages"), "{}", terminal.screen());
}

#[test]
fn ctrl_c_ends_the_turn_alone() {
    let line = "sleep 601 & echo $! $$ > pids.new; mv pids.new pids; sleep 600";
    let fake = FakeOpenAi::start([Reply::call("system_run", json!({"command": line})), Reply::text("Back.")]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let mut terminal = Terminal::start(home.command(["repl", "--yes"]));
    terminal.at(PROMPT);
    terminal.line("sleep");
    assert!(until(|| home.work().join("pids").exists()));
    terminal.keys(CTRL_C);
    terminal.sees("cancelled");
    terminal.at(PROMPT);
    let pids = fs::read_to_string(home.work().join("pids")).expect("a file");
    for pid in pids.split_whitespace().map(|pid| pid.parse().expect("a pid")) {
        assert!(until(|| !is_alive(pid)), "{pid} was left running");
    }
    assert_eq!(answer(&mut terminal, "and now?"), "Back.");
    assert_eq!(fake.refusals(), [""; 0]);
    assert!(is_alive(daemon.id()));
}

#[test]
fn ctrl_c_ends_lua_that_hangs() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    terminal.line("=(function() while true do pcall(function() while true do end end) end end)()");
    // It runs beside the one that listens for news and the one that asks for this.
    assert!(until(|| daemon.status()["requests"].as_u64() >= Some(3)));
    terminal.keys(CTRL_C);
    terminal.sees("interrupted");
    terminal.at(PROMPT);
    assert_eq!(answer(&mut terminal, "=1"), "1");
}

#[test]
fn what_the_daemon_tells_its_person_is_told_at_the_prompt() {
    let home = Home::new();
    home.init("x = 1");
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home);
    home.init("x = 2\npista.command('later', { help = 'is new' }, function() return 'yes' end)");
    terminal.sees("reloaded: generation 2");
    terminal.line("/later");
    terminal.sees("› /later\nyes\n");
    home.init("x = ");
    terminal.sees("not reloaded, generation 2 stays");
    terminal.at(PROMPT);
    terminal.line("/reload");
    terminal.sees("› /reload\nerror: ");
    terminal.at(PROMPT);
    assert!(terminal.screen().contains("init.lua:1"));
}

#[test]
fn two_at_once_do_not_wait_for_each_other() {
    let fake = FakeOpenAi::answering(|request| match request.last_text() {
        "hang" => Reply::hang(),
        _ => Reply::text("quick"),
    });
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    let mut slow = attach(&home);
    slow.line("hang");
    assert!(fake.saw_requests(1));
    let mut quick = attach(&home);
    assert!(answer(&mut quick, "/new").starts_with("session"));
    assert_eq!(answer(&mut quick, "hello"), "quick");
    slow.keys(CTRL_C);
    slow.sees("cancelled");
}

#[test]
fn another_configuration_is_not_attached_to_unasked() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let other = home.write(&home.work().join("other.lua"), "mine = 'other'");
    let other = other.to_str().expect("UTF-8");
    let pid = format!("not attached to the daemon (pid {})", daemon.id());
    let ran = home.pipe(["repl", "--config", other], "=mine\n").ok().complains([pid.as_str(), "--attach"]);
    assert_eq!(ran.out, "\"other\"\n");
    let ran = home.pipe(["repl", "--config", other, "--attach"], "=mine\n").ok();
    assert_eq!(ran.out, "nil\n");
    let ran = home.pipe(["repl", "--local"], "=1\n").ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("1\n", ""));
}

#[test]
fn what_was_not_answered_is_said_again() {
    let fake = FakeOpenAi::start([Reply::error(400, "no"), Reply::text("Now.")]);
    let home = Home::with(&fake);
    let _daemon = Daemon::start(&home);
    home.pipe(["repl"], "first\n").code(1);
    let ran = home.pipe(["repl"], "/retry\n/retry\n").ok();
    assert_eq!(ran.out, "Now.\n");
    assert!(ran.err.contains("There is nothing to retry"), "{}", ran.err);
    let said: Vec<_> = fake.requests().iter().map(|request| request.last_text().to_owned()).collect();
    assert!(said.len() == 2 && said[1].ends_with("first"), "{said:?}");
}

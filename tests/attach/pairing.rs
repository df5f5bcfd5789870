//! From a code to a device that is known.

use crate::{
    address, attach, invite, pair,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
    text,
};
use openpista::{attach::Invitation, quic::Fingerprint};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("you said {}", request.last_text())))
}

/// The files of a home in which what it knows of daemons is kept.
fn kept(home: &Home) -> Vec<PathBuf> {
    let mut files = vec![];
    for server in fs::read_dir(home.state().join("servers")).expect("a directory") {
        let server = server.expect("an entry").path();
        files.extend(fs::read_dir(server).expect("a directory").map(|entry| entry.expect("a file").path()));
    }
    files
}

#[test]
fn another_home_pairs_talks_and_comes_back_without_a_code() {
    let (fake, home, other) = (echo(), Home::new(), Home::new());
    let home = Home::with(&fake).env("X", home.path().display().to_string());
    let daemon = Daemon::start(&home);
    let ran = pair(&home, &other, "user", "hello from afar\n").ok();
    assert!(ran.out.ends_with("you said hello from afar\n"), "{ran:?}");
    let ran = ran.complains(["paired with", "as \"laptop\" (user)", "attached to the daemon at"]);
    assert!(!ran.err.contains("pista_"), "the token was shown: {}", ran.err);

    let again = other.pipe(["connect", &address(&daemon)], "and again\n").ok();
    assert!(again.out.ends_with("you said and again\n"), "{again:?}");
    // There is only one.
    let unnamed = other.pipe(["connect"], "=1\n");
    assert!(unnamed.err.contains("attached to the daemon at"), "{unnamed:?}");
    // The device's conversation went on.
    assert_eq!(fake.requests().last().expect("requests").messages().len(), 4);
}

#[test]
fn the_token_is_for_its_owner_only() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    pair(&home, &other, "user", "").ok();
    let token = kept(&other).into_iter().find(|path| path.ends_with("token")).expect("a token");
    let mode = |path: &PathBuf| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&token), 0o600);
    assert_eq!(mode(&token.parent().expect("a directory").to_owned()), 0o700);
    let secret = fs::read_to_string(&token).expect("a token");
    for path in kept(&other) {
        let holds = fs::read_to_string(&path).expect("text").contains(secret.trim());
        assert_eq!(holds, path == token, "{}", path.display());
    }
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("a file");
    other.pipe(["connect", &address(&daemon)], "").code(1).complains(["chmod 600"]);
}

#[test]
fn a_code_is_good_once() {
    let (home, other, third) = (Home::new(), Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    let invitation = invite(&home, "user");
    let line = text(&invitation, "invitation");
    other.run(["connect", &line]).ok();
    third.run(["connect", &line]).code(1).complains(["not paired with", "code"]);
    // It was not remembered either.
    let place = text(&invitation, "address");
    third.run(["connect", &place]).code(1).complains(["not paired with", "openpista pair"]);
}

#[test]
fn a_wrong_code_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    let invitation = invite(&home, "owner");
    let (place, print) = (text(&invitation, "address"), text(&invitation, "fingerprint"));
    let ran = other.pipe(["connect", &place, "--fingerprint", &print], "AAAAA-AAAAA\n");
    ran.code(1).complains(["not paired with"]);
    let ran = other.pipe(["connect", &place, "--fingerprint", &print, "--code", "-"], "\n");
    ran.code(1).complains(["a pairing code is like"]);
    // The true one is still good.
    let code = text(&invitation, "code").to_lowercase();
    other.run(["connect", &place, "--fingerprint", &print, "--code", &code]).ok();
}

#[test]
fn the_code_ends_with_the_daemon() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    let invitation = invite(&home, "user");
    let place = address(&daemon);
    daemon.stop().ok();
    let daemon = Daemon::run(&home, home.command(["start", "--listen", &place]));
    other.run(["connect", &text(&invitation, "invitation")]).code(1).complains(["not paired with"]);
    drop(daemon);
}

#[test]
fn a_fingerprint_that_does_not_fit_stops_before_anything_is_said() {
    let (home, other) = (Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    let invitation = invite(&home, "user");
    let mut wrong: Invitation = text(&invitation, "invitation").parse().expect("an invitation");
    wrong.fingerprint = Fingerprint::of(b"another");
    let ran = other.run(["connect", &wrong.to_line()]).code(1);
    ran.complains(["somebody is in between", "Nothing was sent"]).complains([text(
        &invitation,
        "fingerprint",
    )
    .as_str()]);
    // The code was not used up.
    other.run(["connect", &text(&invitation, "invitation")]).ok();
}

#[test]
fn a_server_that_was_set_up_anew_is_a_stranger_until_it_is_paired_with_again() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    pair(&home, &other, "user", "").ok();
    let place = address(&daemon);
    daemon.stop().ok();
    fs::remove_file(home.state().join("daemon/identity.pem")).expect("a certificate");
    let _daemon = Daemon::run(&home, home.command(["start", "--listen", &place]));
    let ran = other.run(["connect", &place]).code(1);
    ran.complains(["is not the one that this device was paired with", "pair again", &place]);
    pair(&home, &other, "user", "").ok();
    other.run(["connect", &place]).ok();
}

#[test]
fn what_is_printed_tells_all_that_the_other_side_needs() {
    let home = Home::new();
    home.run(["pair"]).code(1).complains(["no daemon runs here", "openpista start"]);
    let daemon = Daemon::start(&home);
    let ran = home.run(["pair", "--role", "owner", "--qr", "--name", "phone"]).ok();
    for word in ["owner", "for 10 minutes", "UTC", &address(&daemon), &daemon.card.fingerprint, "▀"] {
        assert!(ran.out.contains(word), "{word} is not in {}", ran.out);
    }
    let line = ran.out.split('\'').nth(1).expect("an invitation");
    let other = Home::new();
    other.run(["connect", line, "--name", "ignored"]).ok().complains(["as \"phone\" (owner)"]);
    home.run(["pair", "--role", "boss"]).code(2).complains(["owner, user and worker"]);
}

#[test]
fn a_daemon_for_nobody_lets_nobody_in_and_its_owner_all_the_same() {
    let home = Home::new();
    let daemon = Daemon::run(&home, home.command(["start", "--listen", "off"]));
    home.run(["pair"]).code(1).complains(["listens for nobody", "`listen`"]);
    let mut terminal = attach(&home);
    assert_eq!(crate::answer(&mut terminal, "=1 + 1"), "2");
    drop(daemon);
}

#[test]
fn the_code_is_asked_for_at_a_terminal() {
    let (home, other) = (Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    let invitation = invite(&home, "owner");
    let (place, print) = (text(&invitation, "address"), text(&invitation, "fingerprint"));
    let mut terminal = Terminal::start(other.command(["connect", &place, "--fingerprint", &print]));
    terminal.sees("code:");
    terminal.line(&text(&invitation, "code"));
    terminal.sees("attached to the daemon at");
    terminal.at(crate::PROMPT);
    assert_eq!(crate::answer(&mut terminal, "=pista.version"), format!("{:?}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_an_address_it_is_the_daemon_there_is() {
    let home = Home::new();
    home.run(["connect"]).code(1).complains(["not paired with any daemon", "openpista pair"]);
    home.run(["connect", "not an address"]).code(1).complains(["is no address", "host:port"]);
    home.run(["connect", "127.0.0.1", "--code", "X"]).code(2).complains(["--fingerprint"]);
    let _daemon = Daemon::start(&home);
    let ran = home.pipe(["connect"], "=1 + 1\n").ok().complains(["attached to the daemon, pid"]);
    assert_eq!(ran.out, "2\n");

    let (second, third) = (Home::new(), Home::new());
    let (a, b) = (Daemon::start(&second), Daemon::start(&third));
    pair(&second, &home, "user", "").ok();
    pair(&third, &home, "user", "").ok();
    home.run(["connect"]).code(1).complains(["say which one", &address(&a), &address(&b)]);
    b.stop().ok();
    home.run(["connect", &address(&a)]).ok();
}

#[test]
fn nobody_there_is_said() {
    let (home, other) = (Home::new(), Home::new());
    let daemon = Daemon::start(&home);
    let place = address(&daemon);
    pair(&home, &other, "user", "").ok();
    daemon.stop().ok();
    other.run(["connect", &place]).code(1).complains(["no server answers at", &place]);
}

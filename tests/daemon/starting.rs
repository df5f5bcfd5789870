//! One daemon for each state directory, wherever it listens.

use crate::support::{
    daemon::{Daemon, files, is_found},
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Running, until},
};
use std::{fs, net::UdpSocket, os::unix::fs::PermissionsExt};

const START: [&str; 3] = ["start", "--listen", "127.0.0.1:0"];

#[test]
fn a_second_one_is_refused_and_the_first_goes_on() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let card = fs::read(files(&home).card()).unwrap();
    let pid = daemon.id().to_string();
    home.run(START).code(1).complains(["already running, pid", &pid]);
    assert_eq!(fs::read(files(&home).card()).unwrap(), card, "the second one touched it");
    assert_eq!(daemon.status()["pid"], daemon.id());
    daemon.stop().ok();
}

#[test]
fn it_says_where_it_listens_and_which_generation_is_in_force() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let address = daemon.card.address.expect("an address").to_string();
    let ran = daemon.stop().ok();
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    assert!(ran.out.contains(&format!("listening on {address}, generation 1")), "{}", ran.out);
    assert_eq!(ran.err, "");
    assert!(!is_found(&home) && !files(&home).pid().exists(), "it left its files behind");
}

#[test]
fn a_file_that_a_dead_one_left_is_no_obstacle() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let pid = daemon.id();
    daemon.signal("KILL");
    assert_eq!(daemon.wait().signal, Some(9));
    assert!(files(&home).pid().exists() && is_found(&home), "a killed one cleans nothing up");
    home.run(["status"]).code(3);
    home.run(["stop"]).code(3).complains(["not running"]);
    // Not even where the process id belongs to somebody else by now.
    fs::write(files(&home).pid(), format!("{}\n", std::process::id())).unwrap();
    home.run(["status"]).code(3);
    let again = Daemon::start(&home);
    assert_ne!(again.id(), pid);
    again.stop().ok();
}

#[test]
fn a_killed_one_leaves_nothing_that_keeps_the_next_one_from_answering() {
    let fake = FakeOpenAi::start([Reply::hang(), Reply::text("back again")]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let (token, identity) =
        (fs::read(files(&home).token()).unwrap(), fs::read(files(&home).identity()).unwrap());
    let asked = daemon.begin("one");
    assert!(fake.saw_requests(1));
    daemon.signal("KILL");
    drop(asked);
    assert_eq!(daemon.wait().signal, Some(9));
    let again = Daemon::with(&home, ["-v"]);
    assert_eq!(fs::read(files(&home).token()).unwrap(), token);
    assert_eq!(fs::read(files(&home).identity()).unwrap(), identity, "devices would have to pair again");
    assert_eq!(again.ask("two"), "back again");
    again.stop().ok().complains(["closed a turn that an earlier run left open"]);
}

#[test]
fn nobody_else_can_read_the_files() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let files = files(&home);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(files.token().parent().unwrap()), 0o700);
    for path in [files.token(), files.card(), files.identity(), files.pid()] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    daemon.stop().ok();
    // Where others could have taken the token, it is not used.
    fs::set_permissions(files.token(), fs::Permissions::from_mode(0o644)).unwrap();
    home.run(START).code(1).complains(["others than its owner can read this token", "chmod 600"]);
    assert!(!files.pid().exists());
}

#[test]
fn two_with_their_own_state_stand_side_by_side() {
    let (one, other) = (FakeOpenAi::start([Reply::text("one")]), FakeOpenAi::start([Reply::text("other")]));
    let (home, elsewhere) = (Home::with(&one), Home::with(&other));
    let (daemon, second) = (Daemon::start(&home), Daemon::start(&elsewhere));
    assert_eq!((daemon.ask("who?"), second.ask("who?")), ("one".into(), "other".into()));
    daemon.stop().ok();
    assert_eq!(second.status()["pid"], second.id());
    home.run(["status"]).code(3);
    second.stop().ok();
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let ran = home.run(["start", "--listen", &address]).code(1);
    ran.complains([
        format!("cannot listen on {address}").as_str(),
        "another program has the port",
        "--listen",
    ]);
    assert!(!files(&home).pid().exists() && !is_found(&home));
}

#[test]
fn an_address_that_is_none_is_told() {
    let home = Home::new();
    home.run(["start", "--listen", "localhost"]).code(78).complains(["--listen", "an address and a port"]);
    home.init("pista.setup { listen = 4433 }");
    home.run(["start"]).code(78).complains(["init.lua:1:", "listen", "not 4433"]);
}

#[test]
fn without_an_address_it_is_there_for_this_user_only() {
    let home = Home::new();
    home.init("pista.setup { listen = false }");
    let daemon = Daemon::run(&home, home.command(["start"]));
    assert_eq!(daemon.card.address, None);
    let socket = daemon.card.socket.clone().expect("a socket");
    assert_eq!(daemon.status()["listen"], socket.display().to_string());
    daemon.stop().ok();
    assert!(!socket.exists(), "the socket is left behind");
}

#[test]
fn a_broken_configuration_does_not_start_unless_another_has_worked() {
    let home = Home::new();
    home.init("pista.agent(");
    home.run(START).code(78).complains(["init.lua:1:"]);
    assert!(!files(&home).pid().exists());
    home.init("pista.setup { max_tool_rounds = 7 }");
    Daemon::start(&home).stop().ok();
    home.init("pista.agent(");
    let daemon = Daemon::start(&home);
    let error = daemon.status()["reload_error"].as_str().expect("an error").to_owned();
    assert!(error.contains("init.lua:1:"), "{error}");
    // The file is mended, which is seen.
    home.init("pista.setup { max_tool_rounds = 8 }");
    assert!(until(|| daemon.status()["reload_error"].is_null()), "the mended file is not seen");
    daemon.stop().ok().complains(["the last one that worked is in force", "max_tool_rounds 7 → 8"]);
}

#[test]
fn a_signal_while_it_starts_ends_it() {
    let home = Home::new();
    home.init("pista.sleep = nil; while true do end");
    let running = Running::open(home.command(START));
    assert!(until(|| files(&home).pid().exists()));
    running.signal("TERM");
    running.wait().code(130);
    assert!(!files(&home).pid().exists());
}

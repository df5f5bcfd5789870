//! What the daemon tells the world: its log, its manager, its status.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, until},
};
use serde_json::{Value, json};
use std::{
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

#[test]
fn each_line_of_the_log_is_json_where_that_is_asked_for() {
    let home = Home::new();
    home.init("pista.on('turn.start', function() end)");
    let daemon = Daemon::with(&home, ["--log-format", "json", "-vv"]);
    home.init("pista.agent(");
    assert!(until(|| !daemon.status()["reload_error"].is_null()));
    daemon.signal("HUP");
    let ran = daemon.stop().ok();
    let lines: Vec<Value> = ran.err.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let told = |words: &str| {
        lines.iter().any(|line| line["fields"]["message"].as_str().is_some_and(|text| text.contains(words)))
    };
    assert!(
        told("listening on") && told("not reloaded, generation 1 stays") && told("ending"),
        "{}",
        ran.err
    );
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
}

/// Takes what a service manager is told.
struct Manager(UnixDatagram);

impl Manager {
    fn next(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).expect("a datagram");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn patient(socket: UnixDatagram) -> Self {
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(socket)
    }
}

fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

fn tells(manager: &Manager, home: &Home) {
    let daemon = Daemon::start(home);
    let ready = manager.next();
    assert_eq!(field(&ready, "READY"), Some("1"), "{ready}");
    assert!(field(&ready, "STATUS").is_some_and(|text| text.contains("listening on")), "{ready}");
    daemon.signal("HUP");
    let reloading = manager.next();
    assert_eq!(field(&reloading, "RELOADING"), Some("1"), "{reloading}");
    assert!(
        field(&reloading, "MONOTONIC_USEC").is_some_and(|time| time.parse::<u64>().is_ok()),
        "{reloading}"
    );
    let ready = manager.next();
    assert_eq!((field(&ready, "READY"), field(&ready, "STATUS")), (Some("1"), Some("generation 2")));
    daemon.signal("TERM");
    assert_eq!(manager.next(), "STOPPING=1");
    daemon.wait().ok();
}

#[test]
fn the_service_manager_is_told() {
    let home = Home::new();
    let path = home.work().join("notify");
    let manager = Manager::patient(UnixDatagram::bind(&path).unwrap());
    tells(&manager, &home.env("NOTIFY_SOCKET", path.display().to_string()));
}

#[test]
fn so_it_is_by_a_socket_that_is_no_file() {
    let name = format!("openpista-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = Manager::patient(UnixDatagram::bind_addr(&address).unwrap());
    tells(&manager, &Home::new().env("NOTIFY_SOCKET", format!("@{name}")));
}

#[test]
fn commands_know_nothing_of_the_manager() {
    let fake = FakeOpenAi::start([Reply::call("system_run", json!({ "argv": ["env"] })), Reply::text("ok")]);
    let home = Home::with(&fake).env("NOTIFY_SOCKET", "/nowhere/at/all");
    let daemon = Daemon::with(&home, ["--yes"]);
    assert_eq!(daemon.ask("env"), "ok");
    let env = fake.last_request().unwrap().last_text().to_owned();
    assert!(env.contains("HOME=") && !env.contains("NOTIFY_SOCKET"), "{env}");
    // A manager that is not there is a warning, and no more.
    daemon.stop().ok().complains(["the service manager cannot be told"]);
}

#[test]
fn the_status_tells_of_channels_and_jobs() {
    let home = Home::new();
    home.init(
        "pista.channel('well', { users = { 'ada' }, start = function() end, send = function() end })\n\
         pista.channel('ill', { users = { 'ada' }, start = function() error('no line') end, send = function() end })\n\
         pista.cron('yearly', { at = '0 0 1 1 *' }, function() end)",
    );
    let daemon = Daemon::start(&home);
    assert!(until(|| daemon.status()["channels"]["ill"]["last_error"].is_string()));
    let status = daemon.status();
    assert_eq!(status["running"], true);
    assert_eq!((&status["pid"], &status["generation"]), (&json!(daemon.id()), &json!(1)));
    assert_eq!(status["channels"]["well"], json!({ "up": true }));
    assert!(status["channels"]["ill"]["last_error"].as_str().unwrap().contains("no line"), "{status}");
    assert_eq!(status["cron"][0]["name"], "yearly");
    assert!(status["cron"][0]["next_ms"].as_i64().is_some(), "{status}");
    assert_eq!((&status["connections"], &status["turns"]), (&json!(1), &json!({})));
    let ran = home.run(["status"]).ok();
    for words in ["well: up", "ill: ", "no line", "yearly: next", "generation 1"] {
        assert!(ran.out.contains(words), "{words:?} is not in {}", ran.out);
    }
    // A channel that is gone is not told of.
    home.init("pista.agent('main', {})");
    daemon.reload().ok();
    assert_eq!(daemon.status()["channels"], json!({}));
    daemon.stop().ok();
}

#[test]
fn where_none_runs_the_status_says_so() {
    let home = Home::new();
    assert_eq!(home.run(["status"]).code(3).out, "not running\n");
    assert_eq!(home.run(["status", "--json"]).code(3).json(), [json!({ "running": false })]);
}

#[test]
fn the_start_tells_what_it_works_with() {
    let fake = FakeOpenAi::start([]);
    let home = Home::with(&fake);
    home.init(
        "pista.channel('phone', { users = { 'ada' }, start = function() end, send = function() end })
        pista.channel('inbox', { kind = 'http', token = false, listen = '127.0.0.1:0' })
        pista.cron('tidy', { every = '1h' }, function() end)",
    );
    let ran = Daemon::start(&home).stop().ok();
    for words in [
        "; model server/fake-model; channels ",
        "phone (Lua)",
        "inbox (HTTP on 127.0.0.1:0)",
        "tidy (next 20",
    ] {
        assert!(ran.out.contains(words), "{words:?} is not in {}", ran.out);
    }
    let ran = Daemon::start(&Home::new()).stop().ok();
    assert!(
        ran.out.ends_with("; channels none; jobs none\n") && ran.out.contains("; model demo"),
        "{}",
        ran.out
    );
}

#[test]
fn a_verbose_log_has_the_calls_and_what_was_refused() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::calls([
            ("system_run", json!({"argv": ["touch", "a b"]})),
            ("fs_list", json!({"path": "."})),
        ]),
    });
    let home = Home::with(&fake);
    let daemon = Daemon::with(&home, ["-v"]);
    home.say("go").ok();
    let log = daemon.stop().ok().err;
    for words in [
        "call: system.run touch 'a b'",
        "denied: system.run touch 'a b': ",
        "call: fs.list .",
        "ended: fs.list",
    ] {
        assert!(log.contains(words), "{words:?} is not in {log}");
    }
}

#[test]
fn what_failed_to_load_is_a_warning_and_uses_up_no_number() {
    let home = Home::new();
    home.init("pista.agent('main', {})");
    let daemon = Daemon::start(&home);
    home.init("pista.agent(");
    assert!(until(|| !daemon.status()["reload_error"].is_null()));
    daemon.reload().code(78);
    home.init("pista.agent('main', { prompt = 'x' })");
    assert!(until(|| daemon.status()["reload_error"].is_null()));
    assert_eq!(daemon.status()["generation"], 2);
    let log = daemon.stop().ok().err;
    let failed: Vec<_> =
        log.lines().filter(|line| line.contains("not reloaded, generation 1 stays")).collect();
    assert!(failed.len() >= 2 && failed.iter().all(|line| line.contains("WARN")), "{log}");
}

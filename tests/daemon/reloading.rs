//! Another configuration in the place of the one in force.

use crate::support::{
    daemon::{Daemon, files, soon},
    program::{Home, until},
};
use openpista::quic::protocol::Request;
use serde_json::json;
use std::net::UdpSocket;

/// No watcher gets ahead of a command: the file is no input of what runs.
fn rounds(home: &Home, rounds: u32) {
    home.init(&format!("pista.setup {{ max_tool_rounds = {rounds} }}"));
}

#[test]
fn reload_tells_what_changed() {
    let home = Home::new().env("OPENPISTA_LOG", "info");
    rounds(&home, 5);
    let daemon = Daemon::start(&home);
    let ran = daemon.reload().ok();
    assert_eq!(ran.out, "reloaded: generation 2: nothing changed\n");
    rounds(&home, 6);
    // The watcher may be first: then nothing is left to change for the command.
    let ran = daemon.reload().ok();
    assert!(ran.out.starts_with("reloaded: generation "), "{}", ran.out);
    assert!(daemon.status()["generation"].as_u64() >= Some(3));
    let ran = daemon.stop().ok();
    assert_eq!(
        ran.err.matches("setting max_tool_rounds 5 → 6").count(),
        1 + ran.err.matches("save").count().min(1),
        "{}",
        ran.err
    );
}

#[test]
fn a_broken_configuration_stays_out() {
    let home = Home::new();
    rounds(&home, 5);
    let daemon = Daemon::start(&home);
    home.init("\npista.agent(");
    let ran = daemon.reload().code(78);
    ran.complains(["not reloaded", "init.lua:2:"]);
    let status = daemon.status();
    assert_eq!(status["generation"], 1);
    assert!(status["reload_error"].as_str().unwrap().contains("init.lua:2:"), "{status}");
    let ran = home.run(["status"]).ok();
    assert!(ran.out.contains("init.lua:2:"), "{}", ran.out);
    rounds(&home, 5);
    daemon.reload().ok();
    assert_eq!(daemon.status()["reload_error"], json!(null));
    daemon.stop().ok();
}

#[test]
fn hangup_reloads() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.signal("HUP");
    assert!(until(|| daemon.status()["generation"] == 2));
    daemon.stop().ok().complains(["reloaded: generation 2: nothing changed"]);
}

#[test]
fn a_saved_file_is_seen() {
    let home = Home::new();
    rounds(&home, 5);
    let daemon = Daemon::start(&home);
    rounds(&home, 6);
    assert!(until(|| daemon.status()["generation"] == 2));
    daemon.stop().ok().complains(["max_tool_rounds 5 → 6"]);
}

fn listen(home: &Home, address: &str) {
    home.init(&format!("pista.setup {{ listen = {address:?} }}"));
}

#[test]
fn another_address_moves_the_socket_and_connections_stay() {
    let home = Home::new();
    listen(&home, "127.0.0.1:0");
    let daemon = Daemon::run(&home, home.command(["start"]));
    let first = daemon.card.address.unwrap();
    soon(async {
        let client = daemon.connect().await;
        // The same: port 0 is not looked for again.
        client.ask(&Request::Reload {}).await.unwrap();
        assert_eq!(files(&home).read().unwrap().unwrap().address, Some(first));
        listen(&home, "[::1]:0");
        client.ask(&Request::Reload {}).await.unwrap();
        let moved = files(&home).read().unwrap().unwrap().address.unwrap();
        assert!(moved.is_ipv6(), "{moved}");
        // Asked over the connection to the old address.
        let status = client.ask(&Request::Status {}).await.unwrap();
        assert_eq!(status["listen"], moved.to_string());
        client.close().await;
    });
    assert_eq!(daemon.status()["pid"], daemon.id());
    assert!(until(|| UdpSocket::bind(first).is_ok()), "the old port is never let go of");
    daemon.stop().ok();
}

#[test]
fn an_address_that_is_taken_leaves_it_where_it_is() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    listen(&home, "127.0.0.1:0");
    let daemon = Daemon::run(&home, home.command(["start"]));
    listen(&home, &address);
    daemon.reload().ok();
    let status = daemon.status();
    assert_eq!(status["listen"], daemon.card.address.unwrap().to_string());
    let error = status["listen_error"].as_str().expect("an error");
    assert!(error.contains(&format!("cannot listen on {address}")), "{error}");
    drop(taken);
    // It is tried again with the next reload.
    daemon.reload().ok();
    let status = daemon.status();
    assert_eq!((&status["listen"], &status["listen_error"]), (&json!(address), &json!(null)));
    daemon.stop().ok();
}

#[test]
fn without_a_daemon_nothing_is_reloaded() {
    Home::new().run(["reload"]).code(3).complains(["not running", "openpista start"]);
}

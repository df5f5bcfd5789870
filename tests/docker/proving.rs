//! `doctor --prove`: each escape is attempted, and none gets through.

use crate::{
    rig::{IMAGE, engine},
    support::program::Home,
};

#[test]
fn every_escape_is_attempted_and_none_gets_through() {
    if !engine() {
        return;
    }
    let home = Home::new();
    home.init(&format!("pista.sandbox('box', {{ image = '{IMAGE}', memory = '64m', pids = 32 }})"));
    let ran = home.run(["doctor", "--prove", "--json"]);
    let findings = ran.json();
    let all: Vec<String> = findings.iter().map(|f| format!("{} {}", f["health"], f["seen"])).collect();
    for attempt in [
        "reading a file outside the workspace",
        "writing to the workspace",
        "more memory than it may have",
        "never ending",
        "reading ~/.ssh",
        "the engine's socket",
        "gaining capabilities",
        "reaching 169.254.169.254",
        "more processor time than it may have",
        "more processes than it may have",
        "outliving its time-out",
        "a token that was taken back",
        "an old token",
        "a token whose time is over",
    ] {
        let lines: Vec<&String> = all.iter().filter(|line| line.contains(attempt)).collect();
        assert!(!lines.is_empty(), "{attempt}: {all:#?}");
        assert!(lines.iter().all(|line| line.starts_with("\"ok\"")), "{lines:#?}");
    }
    assert_eq!(ran.code, Some(0), "{all:#?}");
}

#[test]
fn a_port_that_another_program_has_is_told() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ports = |home: &Home| {
        let findings = home.run(["doctor", "--json"]).json();
        findings.into_iter().find(|finding| finding["check"] == "ports").expect("ports are checked")
    };
    let home = Home::new();
    home.init(&format!("pista.setup {{ listen = '{address}' }}"));
    let finding = ports(&home);
    assert_eq!(finding["health"], "warn", "{finding}");
    assert!(finding["seen"].as_str().unwrap().contains(&address), "{finding}");
    drop(taken);
    assert_eq!(ports(&home)["health"], "ok");
    home.init("pista.setup { listen = false }");
    assert_eq!(ports(&home)["health"], "ok");
}

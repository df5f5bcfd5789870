//! What `openpista doctor` tries, and what `openpista check` misses.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    fake_telegram::{FakeTelegram, TOKEN},
    program::Home,
};
use serde_json::Value;
use std::{
    fs::{self, Permissions},
    net::{TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt,
};

/// The findings of one kind: how it is, and what was seen.
fn findings(home: &Home, check: &str) -> Vec<(String, String)> {
    let ran = home.run(["doctor", "--json"]);
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let kind = ran.json().into_iter().filter(|finding| finding["check"] == check);
    kind.map(|finding| (text(&finding, "health"), text(&finding, "seen"))).collect()
}

/// The only finding that speaks of something.
#[track_caller]
fn finding(home: &Home, check: &str, of: &str) -> (String, String) {
    let mut all = findings(home, check);
    all.retain(|(_, seen)| seen.contains(of));
    assert_eq!(all.len(), 1, "{check}, {of}: {all:?}\n{:?}", home.run(["doctor"]));
    all.remove(0)
}

#[test]
fn secrets_that_are_not_there_are_told_of_before_they_are_needed() {
    let home = Home::new().env("THERE", "x");
    let kept = home.write(&home.path().join("kept"), "secret");
    fs::set_permissions(kept, Permissions::from_mode(0o600)).expect("its mode");
    home.init(&format!(
        "pista.channel('telegram', {{ token = pista.secret('env:NOT_THERE'), users = {{ 1 }} }})\n\
         pista.provider('p', {{ base_url = 'http://127.0.0.1:9/v1', api_key = pista.secret('file:/no/such/file') }})\n\
         local kept, there = pista.secret('file:{}'), pista.secret('env:THERE')\n\
         local later = pista.secret('cmd:touch ran; exit 1')",
        home.path().join("kept").display()
    ));
    let checked = home.run(["check"]).ok();
    let told = format!("{}{}", checked.out, checked.err);
    for words in ["init.lua:1: ", "NOT_THERE", "init.lua:2: ", "/no/such/file"] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("THERE=") && !told.contains("kept") && !told.contains("init.lua:3"), "{told}");
    assert!(!home.work().join("ran").exists(), "a command was run");
    let all_there = home.env("NOT_THERE", "y");
    let told = all_there.run(["check"]).ok();
    assert!(!format!("{}{}", told.out, told.err).contains("NOT_THERE"));
}

#[test]
fn a_bot_is_asked_for_its_name() {
    let telegram = FakeTelegram::start();
    let init = format!(
        "pista.channel('telegram', {{ token = pista.secret('env:BOT_TOKEN'), users = {{ 1 }}, api = '{}' }})",
        telegram.url()
    );
    let home = Home::new();
    home.init(&init);
    let (health, seen) = finding(&home, "channel", "telegram");
    assert_eq!(health, "fail");
    assert!(seen.contains("BOT_TOKEN"), "{seen}");
    let right = home.clone().env("BOT_TOKEN", TOKEN);
    let (health, seen) = finding(&right, "channel", "telegram");
    assert!(health == "ok" && seen.contains("knows the bot as @"), "{health} {seen}");
    let wrong = home.env("BOT_TOKEN", "1:wrong-token-of-a-bot");
    let (health, seen) = finding(&wrong, "channel", "telegram");
    assert!(health == "fail" && seen.contains("401"), "{health} {seen}");
    assert!(!seen.contains("wrong-token-of-a-bot"), "the token is told: {seen}");
    assert_ne!(wrong.run(["doctor"]).code, Some(0));
    let nobody = Home::new().env("BOT_TOKEN", TOKEN);
    nobody.init(&init.replace(&telegram.url(), "http://127.0.0.1:9"));
    let (health, seen) = finding(&nobody, "channel", "telegram");
    assert!(health == "fail" && seen.contains("does not answer") && !seen.contains(TOKEN), "{health} {seen}");
    // Nothing was taken from anybody.
    assert!(telegram.calls("getUpdates").is_empty());
}

#[test]
fn the_port_of_a_channel_is_tried() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("an address");
    let home = Home::new();
    home.init(&format!(
        "pista.channel('hook', {{ kind = 'http', listen = '{at}', token = pista.secret('env:HTTP_TOKEN') }})"
    ));
    let home = home.env("HTTP_TOKEN", "0123456789abcdef0123456789abcdef");
    let (health, seen) = finding(&home, "channel", "hook");
    assert!(health == "fail" && seen.contains(&at.to_string()), "{health} {seen}");
    drop(taken);
    let (health, seen) = finding(&home, "channel", "hook");
    assert!(health == "ok" && seen.contains("is free"), "{health} {seen}");
    let daemon = Daemon::start(&home);
    let (health, seen) = finding(&home, "channel", "hook");
    assert!(health == "ok" && seen.contains("the daemon answers"), "{health} {seen}");
    daemon.stop().ok();
}

#[test]
fn each_provider_in_use_is_asked() {
    let (first, second) =
        (FakeOpenAi::start([Reply::text("ready")]), FakeOpenAi::answering(|_| Reply::text("ready")));
    let home = Home::with(&first);
    home.init(&format!(
        "pista.provider('spare', {{ base_url = '{}', model = 'm' }})\n\
         pista.provider('dead', {{ base_url = 'http://127.0.0.1:9/v1', model = 'm', fallback = {{ 'spare' }} }})",
        second.url()
    ));
    let (health, seen) = finding(&home, "provider", "spare");
    assert!(health == "ok" && seen.contains("answered in"), "{health} {seen}");
    assert_eq!(second.requests().len(), 1, "the shortest request there is, once");
    let (health, seen) = finding(&home, "provider", "dead");
    assert_eq!(health, "fail", "another answered in its place: {seen}");
}

#[test]
fn the_daemons_real_port_is_known() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = taken.local_addr().expect("an address").to_string();
    let home = Home::new().env("OPENPISTA_LISTEN", at.clone());
    let (health, seen) = finding(&home, "ports", &at);
    assert!(health != "ok" && !seen.contains("daemon"), "{health} {seen}");
    let free = home.clone().env("OPENPISTA_LISTEN", "127.0.0.1:0");
    let (health, _) = finding(&free, "ports", "is free");
    assert_eq!(health, "ok");
    // It runs elsewhere than the setting says: by its own argument.
    let daemon = Daemon::start(&home);
    let there = daemon.card.address.expect("an address").to_string();
    let (health, seen) = finding(&home, "ports", &there);
    assert!(health == "ok" && seen.contains(&format!("pid {}", daemon.id())), "{health} {seen}");
    daemon.stop().ok();
}

//! How often one may speak.

use crate::{
    Hook, echo, home,
    support::{
        daemon::{Daemon, message, said, soon},
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use openpista::quic::{ClientError, protocol::Kind};
use serde_json::json;

#[test]
fn over_the_limit_is_told_with_the_time_to_wait() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "users = { '*' }, rates = { per_minute = 1, burst = 3 }", ""));
    let say = |user: &str, n: i32| hook.post(&json!({ "text": n.to_string(), "user": user }));
    for n in 0..3 {
        say("ada", n).json(200);
    }
    let refused = say("ada", 3);
    let body = refused.json(429);
    assert!(
        body["message"].as_str().expect("text").starts_with("too many messages; try again in "),
        "{body}"
    );
    let wait: u64 = refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    say("bob", 4).json(200);
    assert_eq!(fake.count(), 4);
}

#[test]
fn stopping_and_answering_always_get_through() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let hook = Hook::start(&home(&fake, "rates = { per_minute = 1, burst = 1 }", ""));
    hook.post(&json!({ "text": "one", "wait": false })).json(202);
    hook.post(&json!({ "text": "two" })).json(429);
    // Commands have a count of their own.
    hook.post(&json!({ "text": "/status" })).json(200);
    hook.post(&json!({ "text": "/status" })).json(429);
    for _ in 0..5 {
        hook.post(&json!({ "text": "/stop" })).json(200);
    }
}

#[test]
fn a_channel_has_a_limit_of_its_own_and_the_setting_holds_where_none_is_given() {
    let fake = echo();
    let more = "pista.setup { rates = { per_minute = 1, burst = 2, channel_burst = 3 } }";
    let hook = Hook::start(&home(&fake, "users = { '*' }", more));
    let answered = ["a", "a", "a", "b", "c", "d"]
        .map(|user| hook.post(&json!({ "text": "hello", "user": user })).status);
    assert_eq!(answered, [200, 200, 429, 200, 429, 429]);
}

#[test]
fn a_channel_in_lua_tells_people_once() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(
        "local receipts = {}
        local function sh(line, text) pista.system.run({ 'sh', '-c', line, 'sh', text }) end
        pista.channel('phone', { users = { 'ada' }, rates = { per_minute = 1, burst = 2 },
          start = function(self)
            for n = 1, 6 do
              local receipt, why = self:receive { from = 'ada', text = 'hello ' .. n, id = n }
              sh('echo \"$1\" >> receipts', receipt .. ' ' .. tostring(why))
            end
            pista.sleep(1000)
          end,
          send = function(self, to, message) sh('echo \"$1\" >> sent', message.text) end })",
    );
    let daemon = Daemon::start(&home);
    let read = |name: &str| std::fs::read_to_string(home.work().join(name)).unwrap_or_default();
    assert!(crate::until(|| read("receipts").lines().count() == 6 && read("sent").lines().count() == 3));
    let receipts = read("receipts");
    let kinds: Vec<_> = receipts.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["accepted", "accepted", "limited", "limited", "limited", "limited"], "{receipts}");
    assert!(receipts.contains("limited too many messages; try again in "), "{receipts}");
    daemon.stop().ok();
    assert_eq!(
        read("sent").matches("Your message was not taken: too many messages").count(),
        1,
        "{}",
        read("sent")
    );
}

#[test]
fn a_device_is_told_when_to_come_again() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init("pista.setup { rates = { per_minute = 1, burst = 2 } }");
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        for _ in 0..2 {
            said(&client, message("hello")).await.expect("an answer");
        }
        let refused = said(&client, message("hello")).await;
        let Err(ClientError::Refused(refusal)) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.kind, Kind::Busy);
        assert!(refusal.retry_after.is_some_and(|wait| (1..=60).contains(&wait)), "{refusal:?}");
        assert!(refusal.message.contains("too many messages"));
    });
    assert_eq!(fake.count(), 2);
}

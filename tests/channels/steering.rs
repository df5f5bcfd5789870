//! Messages that come while another is answered: they wait, or join the turn.

use crate::{
    PHONE, Serving, awaits, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};
use serde_json::{Value, json};
use std::fs;

/// A model whose first answer is a call that runs until the file `go` is there; then it says what it
/// heard since.
fn model() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let messages = request.messages();
        let users = messages.iter().filter(|m| m["role"] == "user");
        let users: Vec<&str> = users.filter_map(|m| m["content"].as_str()).collect();
        let called = messages.iter().any(|m| m["role"] == "tool");
        if called || users != ["work"] {
            return Reply::text(format!("Heard {}.", users.join("+")));
        }
        let script = "touch works; while [ ! -e go ]; do sleep 0.01; done; echo worked";
        Reply::call("system_run", json!({ "argv": ["sh", "-c", script] }))
    })
}

fn channel(steer: &str, more: &str) -> String {
    format!(
        "{PHONE}pista.channel('phone', {{ users = {{ 'ada', 'bob' }}, owners = {{ 'ada', 'bob' }}, {steer}, start = start, send = send,
            tools = {{ allow = {{ 'system.run' }} }} }})
        pista.agent('main', {{ tools = {{ allow = {{ 'system.run' }} }} }})\n{more}"
    )
}

/// Has a turn work, hands `more` in meanwhile, and lets the turn end: what the model was shown after.
fn meanwhile(init: &str, more: &[(&str, &str)]) -> (Vec<Value>, Vec<String>) {
    let fake = model();
    let home = Home::with(&fake);
    home.init(init);
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "work");
    assert!(until(|| home.work().join("works").exists()));
    for (n, (from, text)) in more.iter().enumerate() {
        say(&home, &format!("m{n}"), from, "kitchen", text);
        awaits(&home, "receipts", &format!("m{n} accepted"));
    }
    fs::write(home.work().join("go"), "").expect("a file");
    awaits(&home, "sent", "kitchen: Heard ");
    say(&home, "z", "ada", "kitchen", "/status");
    let idle = || read(&home, "sent").contains(": idle");
    for n in 0.. {
        if until(|| idle() || read(&home, "sent").matches("agent main").count() > n) && idle() {
            break;
        }
        say(&home, &format!("z{n}"), "ada", "kitchen", "/status");
    }
    serving.end();
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    let shown = fake.requests()[1].messages().to_vec();
    let sent = read(&home, "sent");
    (shown, sent.lines().filter_map(|line| line.strip_prefix("kitchen: Heard ")).map(str::to_owned).collect())
}

fn roles(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|m| m["role"].as_str()).collect()
}

#[test]
fn they_wait_where_nothing_is_said() {
    let (shown, answers) = meanwhile(&channel("agent = 'main'", ""), &[("ada", "more")]);
    assert_eq!(roles(&shown), ["system", "user", "assistant", "tool"]);
    assert_eq!(answers, ["work.", "work+more."]);
}

#[test]
fn they_join_once_the_calls_have_their_results() {
    let (shown, answers) = meanwhile(&channel("steer = 'join'", ""), &[("ada", "more"), ("ada", "and more")]);
    assert_eq!(roles(&shown)[..4], ["system", "user", "assistant", "tool"]);
    let after: String = shown[4..].iter().filter_map(|m| m["content"].as_str()).collect::<Vec<_>>().join("|");
    assert!(after.contains("more") && after.contains("and more"), "{shown:?}");
    // One answer for all of them.
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn somebody_else_joins_nobodys_turn() {
    let (shown, answers) =
        meanwhile(&channel("steer = 'join'", ""), &[("bob", "mine"), ("ada", "behind him")]);
    assert_eq!(roles(&shown), ["system", "user", "assistant", "tool"]);
    assert_eq!(answers.len(), 3, "{answers:?}");
}

#[test]
fn hooks_see_what_joins() {
    let hook = "pista.hook('message', function(m)
        if m.text == 'secret' then return pista.drop('not this') end
        m.text = m.text:upper():gsub('WORK', 'work')
        return m
    end)";
    let (shown, answers) = meanwhile(&channel("steer = 'join'", hook), &[("ada", "more")]);
    assert!(shown.last().expect("messages")["content"].as_str().is_some_and(|text| text.ends_with("MORE")));
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (shown, answers) = meanwhile(&channel("steer = 'join'", hook), &[("ada", "secret")]);
    assert_eq!(roles(&shown), ["system", "user", "assistant", "tool"]);
    assert_eq!(answers, ["work."]);
}

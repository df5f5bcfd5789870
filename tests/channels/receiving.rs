//! Messages that come in: who may speak, what is taken once, and in which order it is answered.

use crate::{
    PHONE, Serving, awaits, phone, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};
use serde_json::json;
use std::time::Duration;

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())))
}

#[test]
fn a_message_is_answered_where_it_came_from() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "m1", "ada", "kitchen", "one");
    awaits(&home, "sent", "kitchen: Answer to one.");
    say(&home, "m2", "ada", "kitchen", "two");
    awaits(&home, "sent", "kitchen: Answer to two.");
    say(&home, "m3", "bob", "garden", "three");
    awaits(&home, "sent", "garden: Answer to three.");
    let lengths: Vec<_> = fake.requests().iter().map(|r| r.messages().len()).collect();
    // A conversation goes on in its session; another has its own.
    assert_eq!(lengths, [2, 4, 2]);
    serving.end();
    // And it does so in the next run.
    let serving = Serving::start(&home);
    say(&home, "m4", "ada", "kitchen", "four");
    awaits(&home, "sent", "kitchen: Answer to four.");
    assert_eq!(fake.requests().last().expect("requests").messages().len(), 6);
    serving.end();
    assert_eq!(read(&home, "receipts"), "m1 accepted\nm2 accepted\nm3 accepted\nm4 accepted\n");
}

#[test]
fn only_those_who_are_named_may_speak() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.channel('closed', { start = function(self)
            print(self:receive { from = 'ada', text = 'hello', id = 1 })
        end, send = send })
        pista.channel('open', { users = { '*' }, start = function(self)
            self:receive { from = 77, text = 'from anybody', id = 1 }
        end, send = send })",
    ));
    let serving = Serving::start(&home);
    say(&home, "m1", "eve", "kitchen", "let me in");
    let receipts = awaits(&home, "receipts", "m1");
    assert!(receipts.starts_with("m1 refused \"eve\" may not speak on phone"), "{receipts}");
    awaits(&home, "sent", "77: Answer to from anybody.");
    say(&home, "m2", "ada", "kitchen", "hello");
    awaits(&home, "sent", "Answer to hello.");
    serving.end();
    let asked: Vec<_> = fake.requests().iter().map(|r| r.last_text().to_owned()).collect();
    assert_eq!(asked, ["from anybody", "hello"]);
}

#[test]
fn a_message_is_taken_once() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "m1", "ada", "kitchen", "one");
    awaits(&home, "sent", "one");
    say(&home, "m1", "ada", "kitchen", "one");
    awaits(&home, "receipts", "m1 seen");
    serving.end();
    let serving = Serving::start(&home);
    say(&home, "m1", "ada", "kitchen", "one");
    assert!(until(|| read(&home, "receipts").matches("m1 seen").count() == 2));
    say(&home, "m2", "ada", "kitchen", "two");
    awaits(&home, "sent", "two");
    serving.end();
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn a_mailbox_has_an_end_and_says_so() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a0", "ada", "kitchen", "0");
    assert!(fake.saw_requests(1));
    for n in 1..=33 {
        say(&home, &format!("b{n:02}"), "ada", "kitchen", &n.to_string());
    }
    awaits(&home, "sent", "kitchen: 32 messages wait here already");
    // What is at once does not wait.
    say(&home, "c", "ada", "kitchen", "/status");
    awaits(&home, "sent", "answering, 32 waiting");
    say(&home, "d", "ada", "kitchen", "/stop");
    awaits(&home, "sent", "Stopped; 32 waiting message(s) forgotten.");
    say(&home, "e", "ada", "kitchen", "/status");
    awaits(&home, "sent", ": idle");
    assert_eq!(fake.requests().len(), 1);
    serving.end();
}

#[test]
fn messages_of_one_conversation_wait_for_each_other_and_others_do_not() {
    let fake = FakeOpenAi::answering(|request| {
        let reply = Reply::text(format!("Answer to {}.", request.last_text()));
        if request.last_text() == "slow" { reply.delay(Duration::from_secs(1)) } else { reply }
    });
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "slow");
    assert!(fake.saw_requests(1));
    say(&home, "b", "ada", "kitchen", "quick");
    say(&home, "c", "bob", "garden", "other");
    let sent = awaits(&home, "sent", "quick");
    assert_eq!(sent, "garden: Answer to other.\nkitchen: Answer to slow.\nkitchen: Answer to quick.\n");
    serving.end();
}

#[test]
fn the_rules_of_a_channel_hold() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init(&format!(
        "{PHONE}
        pista.agent('main', {{ tools = {{ allow = {{ '*' }} }} }})
        pista.channel('phone', {{ users = {{ 'ada' }}, start = start, send = send,
            tools = {{ deny = {{ 'system.*' }} }} }})"
    ));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "make it");
    awaits(&home, "sent", "ada: done");
    serving.end();
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_channel_that_fails_is_started_again() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(&phone(
        "local times = 0
        pista.channel('shaky', { users = { 'ada' }, send = send, start = function(self)
            times = times + 1
            if times == 1 then error('the line is dead') end
            self:receive { from = 'ada', text = 'up again', id = 'x' }
            pista.sleep(60)
        end })
        local function note(e)
            if e.channel == 'shaky' then
                sh('echo \"$1\" >> states', (e.error or 'up') .. ' ' .. tostring(e.retry_in))
            end
        end
        pista.on('channel.up', note)
        pista.on('channel.down', note)",
    ));
    let serving = Serving::start(&home);
    awaits(&home, "sent", "ada: Answer to up again.");
    serving.end();
    let states = read(&home, "states");
    let lines: Vec<_> = states.lines().collect();
    assert!(lines[1].contains("the line is dead") && lines[1].ends_with("1.0"), "{states}");
    assert_eq!((lines[0], lines[2]), ("up nil", "up nil"), "{states}");
    assert_eq!(lines.get(3), Some(&"up nil"), "the end is told: {states}");
}

#[test]
fn a_channel_that_works_without_waiting_is_stopped() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.channel('busy', { send = send, start = function() while true do end end })
        pista.on('channel.down', function(e) sh('echo \"$1\" >> states', e.channel .. ' ' .. tostring(e.error)) end)",
    ));
    let serving = Serving::start(&home);
    awaits(&home, "states", "busy init.lua");
    assert!(read(&home, "states").contains("stopped after 1 s"));
    say(&home, "a", "ada", "ada", "still there?");
    awaits(&home, "sent", "Answer to still there?.");
    serving.end();
}

#[test]
fn what_is_wrong_with_a_declaration_is_told() {
    for (lua, words) in [
        ("pista.channel('x', {})", "send is missing"),
        ("pista.channel('repl', { send = print })", "engine's own"),
        ("pista.channel('x', { send = print, usres = {} })", "did you mean \"users\"?"),
        ("pista.channel('x', { send = print, users = { '*', 'ada' } })", "stands alone"),
        ("pista.channel('x', { send = print, users = { {} } })", "got a table"),
        ("pista.channel('x', { send = print, agent = 'nobody' })", "there is no agent \"nobody\""),
        ("pista.channel('x', { send = print })\npista.channel('x', { send = print })", "declared already"),
    ] {
        let home = Home::new();
        home.init(lua);
        home.pipe(["repl"], "").code(78).complains(["init.lua:", words]);
    }
}

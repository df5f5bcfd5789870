//! Asking a person by a channel.

use crate::{
    Serving, awaits, phone, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

/// A model that wants to touch a file, named in the message, and says what came of it.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => {
                Reply::text(format!("Result: {}", request.last_text().lines().next().unwrap_or_default()))
            }
            _ => Reply::call("system_run", json!({"argv": ["touch", request.last_text()]})),
        }
    })
}

/// The name of the question that was asked last.
fn id(home: &Home) -> String {
    let sent = awaits(home, "sent", "Answer \"yes ");
    let at = sent.rfind("Answer \"yes ").expect("a question") + "Answer \"yes ".len();
    sent[at..at + 6].to_owned()
}

#[test]
fn who_speaks_is_asked_where_they_speak() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.on('approval.asked', function(e) sh('echo \"$1\" >> events', 'asked ' .. e.to) end)
        pista.on('approval.decided', function(e) sh('echo \"$1\" >> events', tostring(e.approved) .. ' ' .. e.because) end)",
    ));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "one");
    let question = awaits(&home, "sent", "Answer \"yes ");
    assert!(
        question.starts_with("kitchen: main wants to run system.run touch one|for phone:ada"),
        "{question}"
    );
    // Somebody else's yes decides nothing, and is not for the model either.
    say(&home, "b", "bob", "kitchen", &format!("yes {}", id(&home)));
    awaits(&home, "sent", &format!("kitchen: The question {} is not yours to answer.", id(&home)));
    say(&home, "c", "bob", "kitchen", "/status");
    awaits(&home, "sent", ": answering");
    assert!(!home.work().join("one").exists());
    say(&home, "d", "ada", "kitchen", "yes");
    awaits(&home, "sent", "kitchen: Result: exit code 0");
    assert!(home.work().join("one").exists());
    serving.end();
    let events = read(&home, "events");
    assert!(events.starts_with("asked phone:ada\ntrue the person said yes\n"), "{events}");
}

#[test]
fn a_no_is_a_no_and_an_answer_counts_once() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "one");
    let first = id(&home);
    say(&home, "b", "ada", "ada", &format!("No {first}."));
    awaits(&home, "sent", "ada: Result: denied: the user said no");
    awaits(&home, "sent", &format!("No to {first}"));
    say(&home, "c", "ada", "ada", "two");
    crate::support::program::until(|| id(&home) != first);
    let second = id(&home);
    assert_ne!(first, second);
    say(&home, "d", "ada", "ada", &format!("yes {first}"));
    awaits(&home, "sent", &format!("The question {first} is over"));
    assert!(!home.work().join("two").exists());
    say(&home, "e", "ada", "ada", &format!("yes {second}"));
    awaits(&home, "sent", "ada: Result: exit code 0");
    serving.end();
    assert!(home.work().join("two").exists() && !home.work().join("one").exists());
}

#[test]
fn another_person_is_asked() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.hook('tool_call', function(call)
            if call.name == 'system.run' then return pista.ask { to = 'phone:bob', timeout = 20 } end
        end)",
    ));
    let mut serving = Serving::start(&home);
    // From the prompt, too.
    serving.line("made");
    let question = awaits(&home, "sent", "Answer \"yes ");
    assert!(
        question.starts_with("bob: main wants to run") && question.contains("for repl:user"),
        "{question}"
    );
    let first = id(&home);
    say(&home, "a", "ada", "ada", &format!("yes {first}"));
    awaits(&home, "sent", "is not yours to answer");
    // Without a name it is a message like any other.
    say(&home, "a2", "ada", "ada", "yes");
    awaits(&home, "sent", "for phone:ada");
    say(&home, "b", "bob", "bob", "yes");
    awaits(&home, "sent", "There are several questions");
    assert!(!home.work().join("made").exists());
    say(&home, "c", "bob", "bob", &format!("yes {first}"));
    awaits(&home, "sent", "it runs, this once");
    assert!(crate::support::program::until(|| home.work().join("made").exists()));
    serving.kill();
}

#[test]
fn no_answer_means_no() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.hook('approval', function() return pista.ask { to = 'phone:bob', timeout = 0.3 } end)",
    ));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "made");
    let sent = awaits(&home, "sent", "ada: Result: denied");
    assert!(sent.contains("phone:bob was asked and did not answer within 0.3 s"), "{sent}");
    say(&home, "b", "bob", "bob", &format!("yes {}", id(&home)));
    awaits(&home, "sent", "is over");
    serving.end();
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_call_that_cannot_be_shown_whole_is_not_asked_about() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made", "x".repeat(4_000)]})),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "go");
    awaits(&home, "sent", "ada: done");
    serving.end();
    assert!(fake.requests()[1].last_text().contains("too long to be shown whole"));
    assert!(!home.work().join("made").exists());
}

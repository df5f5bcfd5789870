//! A channel across reloads: its functions change over, its conversations and open turns do not.

use crate::{
    Serving, awaits, phone, read, said, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};
use std::time::Duration;

/// Waits until a reload was told.
fn reloaded(home: &Home) {
    let told = || {
        ["stderr", "stdout"].iter().any(|file| {
            std::fs::read_to_string(home.path().join(file)).is_ok_and(|text| text.contains("reloaded: "))
        })
    };
    assert!(until(told), "the reload is not told");
}

#[test]
fn a_turn_under_way_is_answered_by_the_channel_that_is_up_then() {
    let fake = FakeOpenAi::answering(|request| {
        let reply = Reply::text(format!("Answer to {}.", said(request)));
        if said(request) == "slow" { reply.delay(Duration::from_secs(2)) } else { reply }
    });
    let home = Home::with(&fake);
    home.init(&phone(""));
    let mut serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "slow");
    assert!(fake.saw_requests(1));
    home.init(
        &phone("pista.command('which', function() return 'the second' end)")
            .replace("to .. \": \"", "to .. \"; \""),
    );
    serving.line("/reload");
    reloaded(&home);
    say(&home, "b", "ada", "kitchen", "/which");
    awaits(&home, "sent", "kitchen; the second");
    say(&home, "c", "ada", "kitchen", "next");
    awaits(&home, "sent", "kitchen; Answer to slow.");
    awaits(&home, "sent", "kitchen; Answer to next.");
    assert_eq!(read(&home, "sent").matches("slow").count(), 1);
    // The conversation kept its session.
    assert_eq!(fake.requests().last().expect("requests").messages().len(), 4);
    serving.end();
}

#[test]
fn who_may_speak_changes_at_once() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", said(request))));
    let home = Home::with(&fake);
    home.init(&phone(""));
    let mut serving = Serving::start(&home);
    say(&home, "a", "bob", "bob", "one");
    awaits(&home, "sent", "bob: Answer to one.");
    home.init(
        &phone("pista.command('which', function() return 'the second' end)").replace("'ada', 'bob'", "'ada'"),
    );
    serving.line("/reload");
    reloaded(&home);
    say(&home, "b", "ada", "ada", "/which");
    awaits(&home, "sent", "ada: the second");
    say(&home, "c", "bob", "bob", "two");
    awaits(&home, "receipts", "c refused");
    serving.end();
    assert_eq!(fake.requests().len(), 1);
}

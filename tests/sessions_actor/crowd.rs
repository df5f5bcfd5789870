//! Many conversations at once.

use crate::{
    Place,
    support::fake_openai::{FakeOpenAi, Reply},
};
use std::collections::HashMap;

const CONVERSATIONS: usize = 1_000;

/// Says back what was said last, and how long the conversation is.
fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        Reply::text(format!("{} {}", request.last_text(), request.messages().len()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_conversations_come_and_go() {
    let fake = echo();
    let place = Place::start(&fake, "").await;
    for round in ["first", "second"] {
        for n in 0..CONVERSATIONS {
            place.say(&format!("{round}{n}"), &format!("room{n}"), round).await;
        }
    }
    place.settles().await;
    // Each goes on where it was, in order, with nothing kept of it but what is stored.
    place.say("third", "room7", "third").await;
    place.settles().await;
    let mut said: HashMap<String, Vec<String>> = HashMap::new();
    for line in place.sent() {
        let (room, text) = line.split_once(": ").expect("an answer");
        said.entry(room.to_owned()).or_default().push(text.to_owned());
    }
    assert_eq!(said.len(), CONVERSATIONS);
    assert_eq!(said["room7"], ["first 2", "second 4", "third 6"]);
    said.remove("room7");
    assert!(said.values().all(|lines| *lines == ["first 2", "second 4"]));
    place.app.close().await;
}

//! Many at once.

use crate::{Hook, echo, home};
use serde_json::json;
use std::thread;

#[test]
fn sixty_four_conversations_at_once_do_not_get_mixed_up() {
    let fake = echo();
    let hook = Hook::start(&home(&fake, "rates = false", ""));
    let clients: Vec<_> = (0..64)
        .map(|n| {
            let client = hook.client();
            thread::spawn(move || {
                for round in 0..3 {
                    let (text, place) = (format!("{n}/{round}"), format!("c{n}"));
                    let answer =
                        client.post("/message", &json!({ "text": text, "conversation": place })).json(200);
                    assert_eq!(
                        (&answer["reply"], &answer["conversation"]),
                        (&json!(format!("Answer to {text}.")), &json!(place))
                    );
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().expect("its own answers"));
    assert_eq!(fake.count(), 192);
    // Each conversation is its own: two messages for each that was answered before, the system's and the new one.
    assert!(fake.requests().iter().all(|request| [2, 4, 6].contains(&request.messages().len())));
    assert_eq!(fake.refusals(), Vec::<String>::new());
}

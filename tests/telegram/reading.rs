//! What is in a message besides its words reaches the model, whatever the server calls it.

use crate::{
    echo, heard, home, shows, start,
    support::fake_telegram::{ADA, BOB, FakeTelegram},
};
use serde_json::{Value, json};

#[track_caller]
fn told(messages: &[(Value, &str)]) {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("v", "voice/1", b"sound");
    let daemon = start(&home(&model, &telegram, "gather = 0"));
    for (n, (content, text)) in messages.iter().enumerate() {
        telegram.arrives(ADA, ADA, content.clone());
        assert!(telegram.awaits(ADA, |texts| texts.len() == n + 1), "no answer to {content}");
        // How the answer looks is another matter.
        assert_eq!(heard(&model), *text, "{content}");
    }
    daemon.stop().ok();
}

fn entity(kind: &str, offset: usize, length: usize) -> Value {
    json!({"type": kind, "offset": offset, "length": length})
}

fn link(offset: usize, length: usize) -> Value {
    json!({"type": "text_link", "offset": offset, "length": length, "url": "https://example.org/a"})
}

#[test]
fn fields_that_no_type_knows_take_nothing_along() {
    let odd = json!({"type": "date_time", "offset": 8, "length": 1, "unix_time": 1_700_000_000, "date_time_format": "t"});
    told(&[
        (json!({"text": "meet at 9", "entities": [odd]}), "meet at 9"),
        (json!({"text": "one", "entities": [{"type": "of_next_year", "offset": 0, "length": 1}]}), "one"),
        (json!({"text": "two", "entities": "none"}), "two"),
        (json!({"text": "three", "forward_origin": {"type": "of_next_year"}}), "[forwarded] three"),
        (json!({"text": "four", "from": {"id": ADA, "new": [1]}, "link_preview_options": 7}), "four"),
        (json!({"text": "five", "reply_markup": [], "via_bot": {}, "sender_boost_count": "many"}), "five"),
        (json!({"voice": {"file_id": "v", "duration": 1}}), "[file: inbox/100-14-voice.ogg]"),
        (json!({"voice": {"file_id": "v", "mime_type": "no type at all"}}), "[file: inbox/100-16-voice.ogg]"),
    ]);
}

#[test]
fn where_links_lead_is_told() {
    let mut photo = json!({"photo": [{"file_id": "v"}], "caption": "😀 here it is"});
    photo["caption_entities"] = json!([link(3, 4)]);
    let mut mention = entity("text_mention", 3, 3);
    mention["user"] = json!({"id": BOB, "is_bot": false, "first_name": "Bob"});
    told(&[
        (json!({"text": "😀 read this", "entities": [link(3, 9)]}), "😀 [read this](https://example.org/a)"),
        (photo, "😀 [here](https://example.org/a) it is\n[file: inbox/100-4-photo.jpg]"),
        (json!({"text": "to Bob", "entities": [mention]}), "to [Bob](tg://user?id=200)"),
        (json!({"text": "no yes", "entities": [entity("strikethrough", 0, 2)]}), "~~no~~ yes"),
    ]);
}

#[test]
fn who_said_it_first_is_told() {
    let news = json!({"id": -100_500, "type": "channel", "title": "News"});
    let origins = [
        (json!({"type": "channel", "chat": news, "message_id": 5, "date": 1}), "News"),
        (json!({"type": "channel", "chat": news, "author_signature": "Eve", "date": 1}), "News, Eve"),
        (
            json!({"type": "chat", "sender_chat": {"id": -5, "type": "group", "title": "Team [1]"}}),
            "Team (1)",
        ),
        (json!({"type": "hidden_user", "sender_user_name": "Some\none", "date": 1}), "Someone"),
        (json!({"type": "user", "sender_user": {"id": BOB, "first_name": "Bob", "last_name": "B"}}), "Bob B"),
    ];
    let said: Vec<(Value, String)> = origins
        .into_iter()
        .map(|(origin, name)| {
            let content = json!({"text": "😀 read this", "entities": [link(3, 9)], "forward_origin": origin});
            (content, format!("[forwarded from {name}] 😀 [read this](https://example.org/a)"))
        })
        .collect();
    let borrowed: Vec<(Value, &str)> =
        said.iter().map(|(content, text)| (content.clone(), &**text)).collect();
    told(&borrowed);
    told(&[
        (json!({"text": "a", "forward_from_chat": news, "forward_date": 1}), "[forwarded from News] a"),
        (json!({"text": "b", "forward_sender_name": "Eve", "forward_date": 1}), "[forwarded from Eve] b"),
        (
            json!({"document": {"file_id": "v", "file_name": "a.txt"}, "forward_sender_name": "Eve"}),
            "[forwarded from Eve] [file: inbox/100-6-a.txt]",
        ),
    ]);
}

#[test]
fn messages_that_have_no_number_are_all_answered() {
    // Those that one person sees alone.
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, "gather = 0"));
    for (n, text) in ["one", "two"].iter().enumerate() {
        let more = json!({"message_id": 0, "ephemeral_message_id": n + 1});
        telegram.said(ADA, ADA, text, more);
        let answers: Vec<String> =
            ["one", "two"].iter().take(n + 1).map(|text| format!("You said: {text}")).collect();
        shows(&telegram, ADA, &answers.iter().map(String::as_str).collect::<Vec<_>>());
    }
    daemon.stop().ok();
}

#[test]
fn text_that_is_no_unicode_is_read() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let daemon = start(&home(&model, &telegram, "gather = 0"));
    let chat = format!(r#"{{"id":{ADA},"type":"private"}}"#);
    let raw = format!(
        r#"{{"ok":true,"result":[{{"update_id":900,"message":{{"message_id":77,"date":1,"chat":{chat},"from":{{"id":{ADA},"is_bot":false,"first_name":"A"}},"text":"half \ud83d of it"}}}},{{"update_id":901,"message":{{"text":1e999}}}}]}}"#
    );
    telegram.breaks("getUpdates", 200, &raw);
    telegram.says(ADA, "wake up");
    assert!(telegram.awaits(ADA, |texts| texts.contains(&"You said: half \u{fffd} of it".to_owned())));
    let counts = daemon.status()["dropped"]["telegram"].clone();
    assert_eq!(counts["an update that makes no sense"], 1, "{counts}");
    daemon.stop().ok();
}

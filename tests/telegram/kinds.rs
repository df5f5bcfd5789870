//! Every kind of message of the platform ends in a turn, in a word to the person, or in a counted line of
//! the log. The list is that of the Bot API, version 10.3.

use crate::{
    echo, home, start,
    support::{
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};
use serde_json::{Value, json};

/// What becomes of a message.
enum End {
    /// The model is told this.
    Turn(&'static str),
    /// The person is told that it cannot be read.
    Word,
    /// It is counted.
    Counted,
}
use End::{Counted, Turn, Word};

fn file(id: &str) -> Value {
    json!({"file_id": id, "file_unique_id": id, "file_size": 1, "duration": 1, "width": 1, "height": 1, "length": 1})
}

fn user() -> Value {
    json!({"id": 200, "is_bot": false, "first_name": "Bob"})
}

#[rustfmt::skip]
fn kinds() -> Vec<(&'static str, Value, End)> {
    let chat = json!({"id": -100_500, "type": "channel", "title": "News"});
    vec![
        // What people send.
        ("text", json!("hello"), Turn("hello")),
        ("rich_message", json!({"blocks": [{"type": "heading", "size": 1, "text": "A plan"}]}), Turn("# A plan")),
        ("animation", file("a"), Turn("[file: inbox/")),
        ("audio", file("a"), Turn("[file: inbox/")),
        ("document", file("a"), Turn("[file: inbox/")),
        ("live_photo", file("a"), Turn("[file: inbox/")),
        ("paid_media", json!({"star_count": 5, "paid_media": [{"type": "photo", "photo": [file("a")]}]}), Turn("[media for 5 stars]\n[file: inbox/")),
        ("photo", json!([file("a")]), Turn("[file: inbox/")),
        ("sticker", json!({"emoji": "🎉", "file_id": "s"}), Turn("[sticker 🎉]")),
        ("story", json!({"chat": chat, "id": 1}), Turn("[a story of News, which cannot be read here]")),
        ("video", file("a"), Turn("[file: inbox/")),
        ("video_note", file("a"), Turn("[file: inbox/")),
        ("voice", file("a"), Turn("[file: inbox/")),
        ("checklist", json!({"title": "Trip", "tasks": [{"id": 1, "text": "pack", "completion_date": 5}, {"id": 2, "text": "go"}]}), Turn("[checklist: Trip\n☑ pack\n☐ go]")),
        ("contact", json!({"first_name": "Bob", "last_name": "B", "phone_number": "+1"}), Turn("[contact: Bob B +1]")),
        ("dice", json!({"emoji": "🎲", "value": 4}), Turn("[dice 🎲: 4]")),
        ("game", json!({"title": "Chess", "description": "a board", "photo": []}), Turn("[game: Chess, a board]")),
        ("poll", json!({"question": "Lunch?", "options": [{"text": "Pizza"}, {"text": "Soup"}]}), Turn("[poll: Lunch? (Pizza / Soup)]")),
        ("venue", json!({"title": "Pub", "address": "1 St", "location": {"latitude": 1.5, "longitude": 2.0}}), Turn("[venue: Pub, 1 St (1.5, 2)]")),
        ("location", json!({"latitude": 47.5, "longitude": 19.0}), Turn("[location: 47.5, 19]")),
        ("invoice", json!({"title": "Tea", "description": "green", "total_amount": 5, "currency": "XTR"}), Turn("[invoice: Tea, green, 5 XTR]")),
        ("giveaway", json!({"winner_count": 3, "chats": []}), Turn("[giveaway: 3 winners]")),
        ("giveaway_winners", json!({"winner_count": 3}), Turn("[giveaway: 3 winners were drawn]")),
        ("web_app_data", json!({"button_text": "Go", "data": "x=1"}), Turn("[data of the web app Go: x=1]")),
        ("users_shared", json!({"request_id": 1, "users": [{"user_id": 7, "first_name": "Eve"}]}), Turn("[shared people: Eve 7]")),
        ("chat_shared", json!({"request_id": 1, "chat_id": -5, "title": "Team"}), Turn("[shared chat: Team -5]")),
        ("passport_data", json!({"data": []}), Word),
        // What there is not yet, with and without a file in it.
        ("hologram", json!({"depth": 3}), Word),
        ("hologram", file("a"), Turn("[file: inbox/")),
        // What happens in a chat.
        ("new_chat_members", json!([user()]), Counted),
        ("left_chat_member", user(), Counted),
        ("chat_owner_left", json!({}), Counted),
        ("chat_owner_changed", json!({"new_owner": user()}), Counted),
        ("new_chat_title", json!("Kitchen"), Counted),
        ("new_chat_photo", json!([file("a")]), Counted),
        ("delete_chat_photo", json!(true), Counted),
        ("group_chat_created", json!(true), Counted),
        ("supergroup_chat_created", json!(true), Counted),
        ("channel_chat_created", json!(true), Counted),
        ("message_auto_delete_timer_changed", json!({"message_auto_delete_time": 5}), Counted),
        ("pinned_message", json!({"message_id": 1, "date": 0, "chat": chat}), Counted),
        ("successful_payment", json!({"currency": "XTR", "total_amount": 1}), Counted),
        ("refunded_payment", json!({"currency": "XTR", "total_amount": 1}), Counted),
        ("gift", json!({"gift": {}}), Counted),
        ("unique_gift", json!({"gift": {}}), Counted),
        ("gift_upgrade_sent", json!({"gift": {}}), Counted),
        ("connected_website", json!("example.org"), Counted),
        ("write_access_allowed", json!({}), Counted),
        ("proximity_alert_triggered", json!({"traveler": user(), "watcher": user(), "distance": 1}), Counted),
        ("boost_added", json!({"boost_count": 1}), Counted),
        ("chat_background_set", json!({"type": {}}), Counted),
        ("checklist_tasks_done", json!({}), Counted),
        ("checklist_tasks_added", json!({"tasks": []}), Counted),
        ("community_chat_added", json!({}), Counted),
        ("community_chat_removed", json!({}), Counted),
        ("direct_message_price_changed", json!({"are_direct_messages_enabled": true}), Counted),
        ("forum_topic_created", json!({"name": "x", "icon_color": 1}), Counted),
        ("forum_topic_edited", json!({"name": "x"}), Counted),
        ("forum_topic_closed", json!({}), Counted),
        ("forum_topic_reopened", json!({}), Counted),
        ("general_forum_topic_hidden", json!({}), Counted),
        ("general_forum_topic_unhidden", json!({}), Counted),
        ("giveaway_created", json!({}), Counted),
        ("giveaway_completed", json!({"winner_count": 1}), Counted),
        ("managed_bot_created", json!({"bot": user()}), Counted),
        ("paid_message_price_changed", json!({"paid_message_star_count": 1}), Counted),
        ("poll_option_added", json!({}), Counted),
        ("poll_option_deleted", json!({}), Counted),
        ("suggested_post_approved", json!({"send_date": 1}), Counted),
        ("suggested_post_approval_failed", json!({}), Counted),
        ("suggested_post_declined", json!({}), Counted),
        ("suggested_post_paid", json!({"currency": "XTR"}), Counted),
        ("suggested_post_refunded", json!({"reason": "x"}), Counted),
        ("video_chat_scheduled", json!({"start_date": 1}), Counted),
        ("video_chat_started", json!({}), Counted),
        ("video_chat_ended", json!({"duration": 1}), Counted),
        ("video_chat_participants_invited", json!({"users": [user()]}), Counted),
    ]
}

#[test]
fn each_kind_ends_in_a_turn_a_word_or_a_count() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("a", "files/a", b"content");
    let daemon = start(&home(&model, &telegram, "gather = 0, rates = false"));
    let mut told = 0;
    let mut counted = vec![];
    for (kind, content, end) in kinds() {
        let mut message = json!({});
        message[kind] = content;
        telegram.arrives(ADA, ADA, message);
        let words = match end {
            Turn(words) => format!("You said: {words}"),
            Word => format!("This cannot be read here ({kind})."),
            Counted => {
                counted.push(kind);
                continue;
            }
        };
        told += 1;
        let shown = telegram.awaits(ADA, |texts| texts.len() == told && texts[told - 1].starts_with(&words));
        assert!(shown, "{kind}: {:?} is not {words:?}", telegram.texts(ADA).get(told - 1..));
    }
    // What has no chat, and what is no message.
    telegram.update("message", json!({"some": "thing new"}));
    telegram.update("message", json!(null));
    assert!(until(|| telegram.unconfirmed() == 0), "something is not confirmed");
    let counts = daemon.status()["dropped"]["telegram"].clone();
    for kind in &counted {
        assert_eq!(counts[*kind], 1, "{kind} is not counted: {counts}");
    }
    assert_eq!(counts["a message that cannot be read"], 2, "{counts}");
    assert_eq!(counts["an update that makes no sense"], 2, "{counts}");
    // In against told.
    assert_eq!(telegram.texts(ADA).len(), told);
    assert_eq!(model.count(), told - 2);
    let log = daemon.stop().err;
    for kind in counted {
        assert!(log.contains(kind), "{kind} is not in the log: {log}");
    }
}

#[test]
fn in_a_group_what_is_not_meant_for_the_bot_is_counted() {
    const GROUP: i64 = -1_001_000;
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.chat(json!({"id": GROUP, "type": "supergroup", "title": "Kitchen"}));
    let daemon = start(&home(&model, &telegram, ""));
    let channel = json!({"from": {"id": 777_000, "is_bot": true, "first_name": "Telegram"}});
    for _ in 0..3 {
        telegram.said(GROUP, ADA, "between us", json!({}));
    }
    telegram.arrives(GROUP, ADA, json!({"dice": {"emoji": "🎲", "value": 4}}));
    telegram.said(GROUP, ADA, "news @pista_test_bot", channel);
    telegram.said(GROUP, 200, "@pista_test_bot let me in", json!({}));
    assert!(until(|| telegram.unconfirmed() == 0));
    let counts = || daemon.status()["dropped"]["telegram"].clone();
    assert!(until(|| counts()["not addressed to the bot"] == 4), "{}", counts());
    assert_eq!(counts()["not sent by a person"], 1, "{}", counts());
    assert_eq!(counts()["sent by somebody who may not speak"], 1, "{}", counts());
    let log = daemon.stop().err;
    assert!(log.contains("not addressed to the bot"), "{log}");
    assert_eq!((telegram.texts(GROUP).len(), model.count()), (0, 0));
}

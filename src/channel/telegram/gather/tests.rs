//! What is gathered, by the times at which messages come.

use super::*;
use serde_json::{Value, json};
use teloxide_core::types::ChatId;

const ADA: i64 = 100;
const QUIET: Duration = Duration::from_millis(1_500);

/// Messages that come at times; what is handed on, as their numbers.
struct Chat {
    gather: Gather,
    begin: Instant,
    now: Duration,
    number: i64,
    handed: Vec<Vec<i64>>,
}

impl Chat {
    fn new(quiet: Duration) -> Self {
        let (begin, now) = (Instant::now(), Duration::ZERO);
        Self { gather: Gather::new(quiet), begin, now, number: 0, handed: vec![] }
    }

    fn at(&self) -> Instant {
        self.begin + self.now
    }

    fn message(&mut self, user: i64, content: Value) -> (Who, Message) {
        self.number += 1;
        let mut value = json!({"message_id": self.number, "chat": {"id": 7, "type": "private"},
            "from": {"id": user}, "date": 1_700_000_000 + self.now.as_secs()});
        for (key, field) in content.as_object().expect("fields") {
            value[key] = field.clone();
        }
        let who = (Place { chat: ChatId(7), topic: None }, user);
        (who, Message::read(value, self.number).expect("a message"))
    }

    /// A message comes, with others right behind it or not.
    fn says(&mut self, user: i64, content: Value, more: bool) {
        let (who, message) = self.message(user, content);
        let now = self.at();
        if self.gather.waits(who, &message, more, now) {
            let id = message.number().to_string();
            let part = Part { id, message, addressed: true, fetched: Some(Fetched::default()) };
            self.gather.add(who, part, more, now);
        } else {
            self.handed.push(vec![message.number()]);
            self.gather.spoke(who, message.date(), now);
        }
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(group) = self.gather.next(self.at()) {
            self.handed.push(group.parts.iter().map(|part| part.message.number()).collect());
            self.gather.handed();
        }
    }

    fn passes(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.now += Duration::from_millis(10);
            self.settle();
        }
    }
}

fn text(text: &str) -> Value {
    json!({"text": text})
}

fn forward() -> Value {
    json!({"text": "news", "forward_origin": {"type": "hidden_user", "sender_user_name": "x"}})
}

fn picture(album: &str) -> Value {
    json!({"photo": [{"file_id": "f"}], "media_group_id": album})
}

#[test]
fn a_text_alone_does_not_wait() {
    let mut chat = Chat::new(QUIET);
    for content in [text("hello"), json!({"voice": {"file_id": "v"}}), json!({"dice": {"value": 1}})] {
        chat.says(ADA, content, false);
        chat.gather.answered(Place { chat: ChatId(7), topic: None });
    }
    assert_eq!(chat.handed, [[1], [2], [3]]);
    assert_eq!(chat.gather.due(), None);
}

#[test]
fn a_comment_and_what_is_forwarded_after_it_are_one() {
    for first in ["summarise these:", "这些：", "look 👇"] {
        let mut chat = Chat::new(QUIET);
        chat.says(ADA, text(first), false);
        for _ in 0..20 {
            chat.passes(100);
            chat.says(ADA, forward(), false);
        }
        assert_eq!(chat.handed.len(), 0);
        chat.passes(2_000);
        assert_eq!(chat.handed, [(1..=21).collect::<Vec<_>>()]);
    }
}

#[test]
fn what_follows_a_text_that_was_handed_on_is_one() {
    let mut chat = Chat::new(QUIET);
    chat.says(ADA, text("what do you think of"), false);
    for _ in 0..3 {
        chat.passes(100);
        chat.says(ADA, text("and"), false);
    }
    chat.passes(2_000);
    assert_eq!(chat.handed, [vec![1], vec![2, 3, 4]]);
}

#[test]
fn an_answer_in_between_begins_anew() {
    let mut chat = Chat::new(QUIET);
    chat.says(ADA, text("one"), false);
    chat.passes(100);
    chat.gather.answered(Place { chat: ChatId(7), topic: None });
    chat.says(ADA, text("two"), false);
    assert_eq!(chat.handed, [[1], [2]]);
}

#[test]
fn an_album_is_one_whatever_comes_between() {
    for (quiet, between) in [(QUIET, ADA), (QUIET, 200), (Duration::ZERO, ADA), (Duration::ZERO, 200)] {
        let mut chat = Chat::new(quiet);
        chat.says(ADA, picture("a"), false);
        chat.passes(300);
        chat.says(between, text("hm"), false);
        chat.passes(300);
        chat.says(ADA, picture("a"), false);
        chat.passes(3_000);
        let album = chat.handed.iter().find(|group| group.contains(&1)).expect("it is handed on");
        assert!(album.contains(&3), "{quiet:?} {between}: {:?}", chat.handed);
        assert_eq!(chat.handed.iter().flatten().count(), 3);
    }
}

#[test]
fn two_albums_are_two_where_bursts_are_not_gathered() {
    let mut chat = Chat::new(Duration::ZERO);
    for album in ["a", "b", "a", "b"] {
        chat.says(ADA, picture(album), true);
        chat.passes(100);
    }
    chat.says(ADA, text("so"), false);
    chat.passes(3_000);
    assert_eq!(chat.handed, [vec![1, 3], vec![2, 4], vec![5]]);
}

#[test]
fn a_sender_who_never_rests_is_heard_in_pieces() {
    let mut chat = Chat::new(QUIET);
    for _ in 0..300 {
        chat.says(ADA, forward(), false);
        chat.passes(100);
    }
    chat.passes(3_000);
    assert!((3..=6).contains(&chat.handed.len()), "{:?}", chat.handed);
    let all: Vec<i64> = chat.handed.iter().flatten().copied().collect();
    assert_eq!(all, (1..=300).collect::<Vec<_>>());
    assert!(chat.handed.iter().all(|group| group.len() <= GATHER_MOST));
}

#[test]
fn what_was_said_long_apart_is_not_one_however_it_comes() {
    let mut chat = Chat::new(QUIET);
    for seconds in [0, 1, 600, 601] {
        let (who, message) = {
            let (who, message) = chat.message(ADA, text("x"));
            let mut value = message.value().clone();
            value["date"] = json!(1_700_000_000 + seconds);
            (who, Message::read(value, 1).expect("a message"))
        };
        let now = chat.at();
        assert!(chat.gather.waits(who, &message, true, now));
        let id = message.number().to_string();
        let part = Part { id, message, addressed: true, fetched: Some(Fetched::default()) };
        chat.gather.add(who, part, true, now);
    }
    chat.passes(3_000);
    assert_eq!(chat.handed, [[1, 2], [3, 4]]);
}

#[test]
fn files_under_way_are_waited_for_and_others_behind_them() {
    let mut chat = Chat::new(QUIET);
    let (who, message) = chat.message(ADA, json!({"voice": {"file_id": "v"}}));
    let part = Part { id: "1".into(), message, addressed: true, fetched: None };
    chat.gather.add(who, part, false, chat.at());
    assert_eq!(chat.gather.begin_fetching().len(), 1);
    assert_eq!(chat.gather.begin_fetching().len(), 0);
    chat.passes(5_000);
    chat.says(ADA, text("well?"), false);
    chat.says(200, text("hello"), false);
    assert_eq!(chat.handed, [[3]]);
    chat.gather.fetched("1", Fetched::default());
    chat.settle();
    assert_eq!(chat.handed, [[3], [1], [2]]);
}

#[test]
fn what_is_hurried_does_not_wait_for_its_files() {
    let mut chat = Chat::new(QUIET);
    let (who, message) = chat.message(ADA, json!({"document": {"file_id": "v"}}));
    let part = Part { id: "1".into(), message, addressed: true, fetched: None };
    chat.gather.add(who, part, false, chat.at());
    assert_eq!(chat.gather.begin_fetching().len(), 1);
    chat.gather.hurry(who.0, chat.at());
    chat.settle();
    assert_eq!(chat.handed, [[1]]);
    chat.gather.fetched("1", Fetched::default());
}

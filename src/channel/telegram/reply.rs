//! What a message answers to, as people see it above the message.

use super::{
    described::described,
    entities, files,
    files::Incoming,
    kinds::{self, Kind},
    message::{Message, Person, named, text_of},
    origin, rich,
};
use serde_json::Value;

/// Characters of a message that is answered to, at most.
pub const QUOTED_CHARS: usize = 1_000;

/// A message that another one answers to.
#[derive(Clone, Debug)]
pub(super) struct Quoted {
    /// Whose it is.
    of: String,
    /// What it says, as far as it is known.
    words: Vec<String>,
    /// Its files, and its number in the chat.
    pub(super) files: Vec<Incoming>,
    pub(super) number: String,
}

/// What a message answers to. `held`: whether the conversation ends with what the bot said in the message
/// of this number and text.
pub(super) fn quoted(message: &Message, bot: i64, held: impl Fn(i64, &str) -> bool) -> Option<Quoted> {
    let answered = message.get("reply_to_message");
    let quote = message.get("quote")["text"].as_str().filter(|text| !text.trim().is_empty());
    let part = quote.or_else(|| chosen(message, answered));
    // The first message of a topic is one that all others in it seem to answer.
    if answered.is_object() && !answered["forum_topic_created"].is_object() {
        return to_message(message, answered, bot, part, held);
    }
    let outside = message.get("external_reply");
    if outside.is_object() {
        let name = origin::origin(&outside["origin"]);
        let name = if name.is_empty() { origin::chat(&outside["chat"]) } else { name };
        let of = if name.is_empty() { "a message elsewhere".to_owned() } else { name };
        return Some(Quoted { of, words: words(outside, part), files: vec![], number: String::new() });
    }
    let story = message.get("reply_to_story");
    if story.is_object() {
        let of = format!("a story of {}", origin::chat(&story["chat"]));
        return Some(Quoted { of, words: vec![], files: vec![], number: String::new() });
    }
    // The part alone says what is meant.
    part.map(|part| Quoted {
        of: "a message".into(),
        words: vec![cut(part)],
        files: vec![],
        number: String::new(),
    })
}

/// The task of a checklist or the option of a poll that is meant.
fn chosen<'a>(message: &Message, answered: &'a Value) -> Option<&'a str> {
    let of = |wanted: &Value, list: &'a Value, id: &str| {
        let found = list.as_array()?.iter().find(|one| !wanted.is_null() && one[id] == *wanted)?;
        found["text"].as_str().filter(|text| !text.trim().is_empty())
    };
    of(message.get("reply_to_checklist_task_id"), &answered["checklist"]["tasks"], "id").or_else(|| {
        let option = message.get("reply_to_poll_option_id");
        of(option, &answered["poll"]["options"], "persistent_id")
    })
}

fn to_message(
    message: &Message,
    answered: &Value,
    bot: i64,
    part: Option<&str>,
    held: impl Fn(i64, &str) -> bool,
) -> Option<Quoted> {
    let number = answered["message_id"].as_i64().unwrap_or(0);
    let author = Person::read(&answered["from"]);
    let is_own = author.as_ref().is_some_and(|author| author.id == bot);
    let text = text_of(answered).map_or("", |(text, _)| text);
    if is_own && part.is_none() && held(number, text) {
        return None;
    }
    let by = message.from().map(|from| from.id);
    let of = match author {
        _ if is_own => "your own message".to_owned(),
        Some(author) if Some(author.id) == by => "their own message".to_owned(),
        Some(author) => author.name,
        None => origin::chat(&answered["sender_chat"]),
    };
    // The bot has its own files.
    let files = if is_own { vec![] } else { of_kind(answered, files::of) };
    let mut words = words(answered, part);
    if is_own && words.is_empty() {
        words.extend(of_kind(answered, files::of).iter().map(|file| format!("[file {}]", file.name)));
    }
    Some(Quoted { of, words, files, number: number.to_string() })
}

fn of_kind<T>(message: &Value, of: impl Fn(&Value, &str) -> T) -> T {
    match kinds::of(message) {
        Kind::Content(kind) => of(message, kind),
        Kind::Service(_) => of(message, "text"),
        Kind::Unknown(_) => of(message, ""),
    }
}

/// What a message says, or the part of it that is meant.
fn words(message: &Value, part: Option<&str>) -> Vec<String> {
    if let Some(part) = part {
        return vec![cut(part)];
    }
    let mut words = vec![];
    if let Some((text, entities)) = text_of(message) {
        words.push(entities::told(text, entities, |_| None));
    }
    match kinds::of(message) {
        Kind::Content("rich_message") => words.push(rich::text(&message["rich_message"])),
        Kind::Content(kind) => words.extend(described(message, kind)),
        Kind::Service(kind) => words.push(format!("[{}]", kind.replace('_', " "))),
        Kind::Unknown(fields) if words.is_empty() && !fields.is_empty() => {
            words.push("[a message that cannot be read here]".to_owned());
        }
        Kind::Unknown(_) => {}
    }
    words.iter().map(|words| cut(words)).filter(|words| !words.trim().is_empty()).collect()
}

fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut text: String = chars.by_ref().take(QUOTED_CHARS).collect();
    if chars.next().is_some() {
        text.push('…');
    }
    text
}

impl Quoted {
    /// The line that stands before the message. `files`: what became of its files.
    pub(super) fn line(&self, files: &[String]) -> String {
        let words: Vec<&str> = self.words.iter().chain(files).map(String::as_str).collect();
        let of = if self.of.is_empty() { "an older message".to_owned() } else { named(&self.of) };
        match words.is_empty() {
            true => format!("[in reply to {of}]"),
            false => format!("[in reply to {of}: {}]", words.join(" ")),
        }
    }
}

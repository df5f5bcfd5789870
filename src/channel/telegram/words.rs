//! What a message says to the bot, in the words that the model reads.

use super::{
    Up,
    described::described,
    entities::{self, Entity},
    files,
    files::Incoming,
    kinds::{self, Kind},
    message::Message,
    origin,
    reply::Quoted,
    rich,
};
use std::ops::Range;

/// What stands in the place of content that is not known.
pub(super) const UNREADABLE: &str = "[a message of a kind that cannot be read here]";

/// A message, ready to be told.
pub(super) struct Told {
    /// What it answers to.
    pub(super) quoted: Option<Quoted>,
    /// Who first said it.
    forwarded: Option<String>,
    /// Its text, and what it is besides.
    text: Option<String>,
    described: Option<String>,
    /// Its files.
    pub(super) files: Vec<Incoming>,
    /// Whether there is something in it that cannot be read.
    pub(super) unreadable: Option<String>,
}

/// What became of the files of a message, and of the one that it answers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetched {
    pub(super) own: Vec<String>,
    pub(super) quoted: Vec<String>,
}

impl Told {
    pub(super) fn of(up: &Up, message: &Message, quoted: Option<Quoted>) -> Self {
        let kind = kinds::of(message.value());
        let text = message.text().map(|(text, entities)| {
            let told = entities::told(text, entities, |entity| named_part(up, entity)).trim().to_owned();
            // Who only names the bot means what they answer to, or want it to say something.
            if told.is_empty() && quoted.is_none() { text.trim().to_owned() } else { told }
        });
        let mut told = Self {
            quoted,
            forwarded: origin::forwarded(message),
            text: text.filter(|text| !text.is_empty()),
            described: None,
            files: vec![],
            unreadable: None,
        };
        match &kind {
            Kind::Content(kind @ "rich_message") => {
                told.text = Some(rich::text(message.get(kind))).filter(|text| !text.trim().is_empty());
                told.files = files::of(message.value(), kind);
            }
            Kind::Content(kind) => {
                told.described = described(message.value(), kind);
                told.files = files::of(message.value(), kind);
            }
            Kind::Service(_) => {}
            Kind::Unknown(_) => told.files = files::of(message.value(), ""),
        }
        let shows = told.described.is_some() || !told.files.is_empty() || message.text().is_some();
        if told.text.is_none() && !shows {
            told.unreadable = match kind {
                Kind::Content(kind) => Some(kind.to_owned()),
                Kind::Service(_) => None,
                Kind::Unknown(fields) => Some(fields.join(", ")),
            };
        }
        told
    }

    /// Its text, where it is nothing else.
    pub(super) fn only_text(&self) -> Option<&str> {
        let alone = self.forwarded.is_none() && self.described.is_none() && self.files.is_empty();
        self.text.as_deref().filter(|_| alone)
    }

    /// Whether something of it is to be fetched.
    pub(super) fn fetches(&self) -> bool {
        !self.files.is_empty() || self.quoted.as_ref().is_some_and(|quoted| !quoted.files.is_empty())
    }

    /// Its lines: what it answers to, its text, its files.
    pub(super) fn lines(&self, fetched: &Fetched) -> Lines {
        let quoted = self.quoted.as_ref().map(|quoted| quoted.line(&fetched.quoted));
        let mut texts: Vec<String> = self.text.iter().chain(&self.described).cloned().collect();
        let mut files = fetched.own.clone();
        if files.is_empty() {
            files = self.files.iter().map(|file| format!("[file {}: not fetched]", file.name)).collect();
        }
        if self.unreadable.is_some() {
            texts.push(UNREADABLE.to_owned());
        }
        if let Some(forwarded) = &self.forwarded {
            let first = if texts.is_empty() { files.first_mut() } else { texts.first_mut() };
            if let Some(first) = first {
                *first = format!("{forwarded} {first}");
            }
        }
        Lines { quoted, texts, files }
    }
}

/// The lines of a message.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) quoted: Option<String>,
    pub(super) texts: Vec<String>,
    pub(super) files: Vec<String>,
}

/// The part of an entity that names the bot: `@the_bot`, and the end of `/stop@the_bot`.
fn named_part(up: &Up, entity: &Entity<'_>) -> Option<Range<usize>> {
    let mention = format!("@{}", up.username);
    match entity.kind {
        "mention" if entity.text.eq_ignore_ascii_case(&mention) => Some(entity.range.clone()),
        "bot_command" if is_named_command(entity, &mention) => {
            Some(entity.range.end - mention.len()..entity.range.end)
        }
        _ => None,
    }
}

fn is_named_command(entity: &Entity<'_>, mention: &str) -> bool {
    let (text, length) = (entity.text, mention.len());
    text.len() > length
        && text.is_char_boundary(text.len() - length)
        && text[text.len() - length..].eq_ignore_ascii_case(mention)
}

/// Whether a message in a group is meant for the bot.
pub(super) fn is_addressed(up: &Up, message: &Message) -> bool {
    let mention = format!("@{}", up.username);
    let (text, entities) = message.text().unwrap_or_default();
    let named = entities::of(text, entities).iter().any(|entity| match entity.kind {
        "mention" => entity.text.eq_ignore_ascii_case(&mention),
        "text_mention" => entity.value["user"]["id"].as_i64() == Some(up.id),
        "bot_command" => is_named_command(entity, &mention),
        _ => false,
    });
    let in_blocks = || {
        let text = rich::text(message.get("rich_message")).to_ascii_lowercase();
        mention.len() > 1 && text.contains(&mention.to_ascii_lowercase())
    };
    // The first message of a topic is one that all others in it seem to answer.
    let answered = message.get("reply_to_message");
    let answers =
        answered["from"]["id"].as_i64() == Some(up.id) && !answered["forum_topic_created"].is_object();
    named || answers || (message.has("rich_message") && in_blocks())
}

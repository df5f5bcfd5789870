//! Messages as they arrive: which are meant for the bot, and what they say.

use super::{Telegram, Up, files, place::Place};
use crate::domain::post::{Arrival, Door, Receipt};
use teloxide_core::types::{MediaKind, Message, MessageEntityKind, MessageEntityRef, MessageKind, User};

/// Characters of a message that is answered to, at most.
const QUOTED_CHARS: usize = 1_000;

impl Telegram {
    /// Hands in what was said in one place, in order.
    pub(super) async fn receive(
        &self,
        up: &Up,
        door: &dyn Door,
        messages: Vec<Message>,
    ) -> Result<(), String> {
        for album in albums(messages) {
            let Some(arrival) = self.arrival(up, &album).await else { continue };
            match door.receive(arrival).await {
                Ok(Receipt::Accepted | Receipt::Seen) => {}
                // The gateway has told why.
                Ok(Receipt::Refused(_) | Receipt::Limited { .. }) => {}
                // It is not confirmed, and comes again.
                Err(error) => return Err(format!("a message could not be stored: {error}")),
            }
        }
        Ok(())
    }

    /// What messages that belong together say to the bot. `None`: nothing.
    async fn arrival(&self, up: &Up, album: &[Message]) -> Option<Arrival> {
        let first = album.first()?;
        let user = first.from.as_ref().filter(|user| !user.is_bot)?;
        if !first.chat.is_private() && !album.iter().any(|message| addressed(up, message)) {
            return None;
        }
        if !self.knows(user.id) {
            self.stranger(up, first, user).await;
            return None;
        }
        let mut lines: Vec<String> = album.iter().filter_map(|message| self.said(up, message)).collect();
        for message in album {
            lines.extend(self.fetched(up, message).await);
        }
        if lines.is_empty() {
            return None;
        }
        if let Some(quoted) = quoted(up, first) {
            lines.insert(0, quoted);
        }
        Some(Arrival {
            channel: self.options.name.clone(),
            conversation: Place::of(first).to_string(),
            user: user.id.to_string(),
            text: lines.join("\n"),
            // Another bot counts anew.
            id: format!("{}/{}/{}", up.id, first.chat.id, first.id),
            callback: None,
        })
    }

    fn said(&self, up: &Up, message: &Message) -> Option<String> {
        let text = message.text().or_else(|| message.caption()).map(|text| self.plain(up, message, text));
        let text = text.filter(|text| !text.trim().is_empty()).or_else(|| described(message))?;
        let forwarded = if message.forward_origin().is_some() { "[forwarded] " } else { "" };
        Some(format!("{forwarded}{text}"))
    }

    /// The text without the bot's name: `/stop@the_bot` is `/stop`, `@the_bot hello` is `hello`.
    fn plain(&self, up: &Up, message: &Message, text: &str) -> String {
        let mention = format!("@{}", up.username);
        let named: Vec<_> = entities(message)
            .into_iter()
            .filter(|entity| match entity.kind() {
                MessageEntityKind::Mention => entity.text().eq_ignore_ascii_case(&mention),
                MessageEntityKind::BotCommand => named_command(entity, &mention),
                _ => false,
            })
            .map(|entity| match entity.kind() {
                MessageEntityKind::BotCommand => entity.end() - mention.len()..entity.end(),
                _ => entity.range(),
            })
            .collect();
        let mut out = text.to_owned();
        for range in named.into_iter().rev() {
            out.replace_range(range, "");
        }
        let out = out.trim().to_owned();
        // What Telegram has people say first.
        let start = out == "/start" || out.starts_with("/start ");
        if start && !self.options.commands.iter().any(|(name, _)| name == "start") {
            return "/help".into();
        }
        out
    }

    /// The files of a message, each as a line that names it.
    async fn fetched(&self, up: &Up, message: &Message) -> Option<String> {
        let file = files::of(message)?;
        Some(match self.fetch(up, message, &file).await {
            Ok(path) => format!("[file: {path}]"),
            Err(why) => format!("[file {}: not fetched, {why}]", file.name),
        })
    }
}

/// Pictures that were sent together come as messages of their own.
fn albums(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut albums: Vec<Vec<Message>> = vec![];
    for message in messages {
        let group = message.media_group_id().cloned();
        match albums.last_mut() {
            Some(last) if group.is_some() && last[0].media_group_id() == group.as_ref() => last.push(message),
            _ => albums.push(vec![message]),
        }
    }
    albums
}

fn entities(message: &Message) -> Vec<MessageEntityRef<'_>> {
    message.parse_entities().or_else(|| message.parse_caption_entities()).unwrap_or_default()
}

fn named_command(entity: &MessageEntityRef<'_>, mention: &str) -> bool {
    let (text, length) = (entity.text(), mention.len());
    text.len() > length
        && text.is_char_boundary(text.len() - length)
        && text[text.len() - length..].eq_ignore_ascii_case(mention)
}

/// Whether a message in a group is meant for the bot.
fn addressed(up: &Up, message: &Message) -> bool {
    let mention = format!("@{}", up.username);
    let named = entities(message).iter().any(|entity| match entity.kind() {
        MessageEntityKind::Mention => entity.text().eq_ignore_ascii_case(&mention),
        MessageEntityKind::TextMention { user } => user.id == up.id,
        MessageEntityKind::BotCommand => named_command(entity, &mention),
        _ => false,
    });
    // The first message of a topic is one that all others in it seem to answer.
    let answers = message.reply_to_message().is_some_and(|to| {
        to.from.as_ref().is_some_and(|from| from.id == up.id) && to.forum_topic_created().is_none()
    });
    named || answers
}

/// Somebody else's message that this one answers to: the bot cannot see it otherwise.
fn quoted(up: &Up, message: &Message) -> Option<String> {
    let to = message.reply_to_message()?;
    let from = to.from.as_ref().filter(|from| from.id != up.id)?;
    let text =
        message.quote().map(|quote| quote.text.as_str()).or_else(|| to.text()).or_else(|| to.caption())?;
    // Commands begin a message.
    if message.text().is_some_and(|text| text.starts_with('/')) {
        return None;
    }
    let text: String = text.chars().take(QUOTED_CHARS).collect();
    Some(format!("[in reply to {}: {text}]", named(from)))
}

pub(super) fn named(user: &User) -> String {
    user.full_name().chars().filter(|c| !c.is_control()).take(64).collect()
}

/// What a message without text is, in words.
fn described(message: &Message) -> Option<String> {
    let MessageKind::Common(common) = &message.kind else { return None };
    Some(match &common.media_kind {
        MediaKind::Location(media) => {
            format!("[location: {}, {}]", media.location.latitude, media.location.longitude)
        }
        MediaKind::Venue(media) => {
            let at = &media.venue.location;
            format!(
                "[venue: {}, {} ({}, {})]",
                media.venue.title, media.venue.address, at.latitude, at.longitude
            )
        }
        MediaKind::Contact(media) => {
            let contact = &media.contact;
            format!("[contact: {} {}]", contact.first_name, contact.phone_number)
        }
        MediaKind::Sticker(media) => {
            format!("[sticker {}]", media.sticker.emoji.as_deref().unwrap_or_default())
        }
        MediaKind::Poll(media) => format!("[poll: {}]", media.poll.question),
        _ if files::of(message).is_some() => return None,
        _ => "[a message of a kind that cannot be read here]".into(),
    })
}

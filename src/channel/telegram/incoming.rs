//! Messages as they arrive: which are meant for the bot, which act at once, and which wait for others.

use super::{
    Telegram, Up, errors,
    gather::{Part, Who},
    kinds::{self, Kind},
    lock,
    message::{Message, Person},
    place::Place,
    reply,
    words::{Fetched, Told, is_addressed},
};
use crate::{
    domain::{
        command,
        post::{Arrival, Door, Piece, Receipt},
    },
    health::chaos,
};
use serde_json::json;
use std::time::Instant;
use teloxide_core::{payloads::SendMessage, types::ChatId};

/// How long after it was said a message may be edited to be answered, in seconds. Telegram lets people
/// edit for as long.
pub const EDIT_SECONDS: i64 = 48 * 3_600;

/// Why messages in groups are passed over.
pub(super) const NOT_ADDRESSED: &str = "not addressed to the bot";

const EDITED: &str = "edited after it was taken";
const TAKEN: &str = "taken before";

/// What is known of a message that waits.
struct Held {
    addressed: bool,
    edited: bool,
    more: bool,
    fetches: bool,
}

/// A message that arrived.
pub(super) struct Said {
    pub(super) message: Message,
    /// Whether it was said before, in other words.
    pub(super) edited: bool,
}

impl Telegram {
    /// Takes what was said at one place, in order. Once this returns `Ok`, what is to be answered is stored.
    pub(super) async fn receive(&self, up: &Up, door: &dyn Door, said: Vec<Said>) -> Result<(), String> {
        for (index, Said { message, edited }) in said.iter().enumerate() {
            let more = said.get(index + 1..).is_some_and(|rest| self.continues(up, message, rest));
            let sorted = || async {
                chaos::point("poll");
                self.sort(up, door, message, *edited, more).await
            };
            let Some(stored) = self.survives(up, message.place(), &[message], sorted).await else { continue };
            // It is not confirmed, and comes again.
            stored.map_err(|error| format!("a message could not be stored: {error}"))?;
        }
        Ok(())
    }

    /// Whether the sender of a message went on right behind it.
    fn continues(&self, up: &Up, message: &Message, rest: &[Said]) -> bool {
        let sender = message.from().map(|from| from.id);
        let Some(Said { message: next, .. }) =
            rest.iter().find(|said| said.message.from().map(|from| from.id) == sender)
        else {
            return false;
        };
        let text = next.text().map_or("", |(text, _)| text);
        let meant =
            next.is_private() || next.is_forwarded() || next.album().is_some() || is_addressed(up, next);
        meant && command::split(text).is_none() && lock(&self.gather).are_close(message.date(), next.date())
    }

    /// Hands a message in, stores it for later, or passes it over and says why.
    async fn sort(
        &self,
        up: &Up,
        door: &dyn Door,
        message: &Message,
        edited: bool,
        more: bool,
    ) -> Result<(), String> {
        let kind = kinds::of(message.value());
        if let Kind::Service(kind) = kind {
            self.pass(kind, format!("a service message in {}", message.chat()));
            return Ok(());
        }
        let Some(user) = message.from().filter(|user| !user.is_bot) else {
            self.pass("not sent by a person", message.key(up.id));
            return Ok(());
        };
        let who = (message.place(), user.id);
        let addressed = message.is_private() || is_addressed(up, message);
        let belongs = !addressed && lock(&self.gather).belongs(who, message, Instant::now());
        if !self.is_taken(up, message, &user, addressed, belongs, edited).await {
            return Ok(());
        }
        if let Some(text) = self.urgent(up, door, message, &user).await {
            if command::split(&text).is_some_and(|(name, _)| name == "stop") {
                lock(&self.gather).hurry(who.0, Instant::now());
                self.hand_on(up, door).await?;
            }
            return self.hand_in(up, door, who, self.arrival(up, message, &user, text), edited).await;
        }
        let told = Told::of(up, message, self.quoted(up, message));
        if let Some(what) = told.unreadable.as_ref().filter(|_| told.quoted.is_none()) {
            self.tell_unreadable(up, who.0, what).await;
            return Ok(());
        }
        if !told.fetches() && !lock(&self.gather).waits(who, message, more, Instant::now()) {
            let text = join(told.lines(&Fetched::default()));
            let arrival = self.arrival(up, message, &user, text);
            // Before it can be answered: what is said after an answer does not belong to it.
            lock(&self.gather).spoke(who, message.date(), Instant::now());
            return self.hand_in(up, door, who, arrival, edited).await;
        }
        let held = Held { addressed: addressed || belongs, edited, more, fetches: told.fetches() };
        self.hold(up, door, who, message, held).await
    }

    /// Whether a message is for the bot, from somebody who may speak. Counts and tells why not.
    async fn is_taken(
        &self,
        up: &Up,
        message: &Message,
        user: &Person,
        addressed: bool,
        belongs: bool,
        edited: bool,
    ) -> bool {
        // A part of an album that does not name the bot may belong to one that does.
        let may = addressed || belongs || message.album().is_some();
        if !may {
            self.pass(NOT_ADDRESSED, message.key(up.id));
        } else if !self.knows(user.id) {
            if addressed {
                self.stranger(up, message, user).await;
            }
            self.pass("sent by somebody who may not speak", user.id);
            return false;
        } else if message.get("chat")["is_direct_messages"] == true {
            self.pass("sent to the direct messages of a channel", message.key(up.id));
            return false;
        } else if edited {
            let after = message.get("edit_date").as_i64().unwrap_or_default() - message.date();
            if after > EDIT_SECONDS {
                self.pass("edited long after it was sent", message.key(up.id));
                return false;
            }
        }
        may
    }

    /// The text of a message that acts at once, whatever waits: a command, or the answer to a question.
    async fn urgent(&self, up: &Up, door: &dyn Door, message: &Message, user: &Person) -> Option<String> {
        let text = Told::of(up, message, None).only_text()?.to_owned();
        if command::split(&text).is_some() {
            // What Telegram has people say first.
            let start = text == "/start" || text.starts_with("/start ");
            let own = self.options.commands.iter().any(|(name, _)| name == "start");
            return Some(if start && !own { "/help".into() } else { text });
        }
        door.expects(&user.id.to_string(), &text).await.then_some(text)
    }

    /// What a message answers to, where the conversation does not hold it.
    pub(super) fn quoted(&self, up: &Up, message: &Message) -> Option<reply::Quoted> {
        let last = lock(&self.last).get(&message.place()).cloned().unwrap_or_default();
        reply::quoted(message, up.id, |number, text| last.is(number, text))
    }

    fn arrival(&self, up: &Up, message: &Message, user: &Person, text: String) -> Arrival {
        Arrival {
            channel: self.options.name.clone(),
            conversation: message.place().to_string(),
            user: user.id.to_string(),
            text,
            // Another bot counts anew.
            id: message.key(up.id),
            callback: None,
        }
    }

    async fn hand_in(
        &self,
        up: &Up,
        door: &dyn Door,
        who: Who,
        arrival: Arrival,
        edited: bool,
    ) -> Result<(), String> {
        let id = arrival.id.clone();
        let receipt = door.receive(arrival).await.map_err(|error| error.to_string())?;
        if receipt == Receipt::Seen {
            self.pass(if edited { EDITED } else { TAKEN }, id);
        }
        self.tell_refused(up, who.0, receipt).await;
        Ok(())
    }

    /// Says why a message was not taken. Who speaks too often is told by the gateway.
    pub(super) async fn tell_refused(&self, up: &Up, place: Place, receipt: Receipt) {
        match receipt {
            Receipt::Accepted | Receipt::Seen => {}
            Receipt::Limited { .. } => self.pass("too many messages", place),
            Receipt::Refused(why) => {
                self.options.health.dropped.count(&self.options.name, "a message that was refused", &why);
                self.tell(up, place, &format!("Your message was not taken: {why}.")).await;
            }
        }
    }

    /// Stores a message that waits: for others, or for its files.
    async fn hold(
        &self,
        up: &Up,
        door: &dyn Door,
        who: Who,
        message: &Message,
        held: Held,
    ) -> Result<(), String> {
        let Held { addressed, edited, more, fetches } = held;
        let body = json!({ "addressed": addressed, "update": message.update(), "message": message.value() });
        let id = message.key(up.id);
        let piece = Piece {
            channel: self.options.name.clone(),
            conversation: who.0.to_string(),
            user: who.1.to_string(),
            id: id.clone(),
            body: body.to_string(),
        };
        if !door.hold(piece).await.map_err(|error| error.to_string())? {
            self.pass(if edited { EDITED } else { TAKEN }, id);
            return Ok(());
        }
        let fetched = (!fetches).then(Fetched::default);
        let part = Part { id, message: message.clone(), addressed, fetched };
        lock(&self.gather).add(who, part, more, Instant::now());
        self.bell.notify_one();
        Ok(())
    }

    async fn tell_unreadable(&self, up: &Up, place: Place, what: &str) {
        let what = if what.is_empty() { "a message without content" } else { what };
        self.options.health.dropped.count(&self.options.name, "a message that cannot be read", what);
        self.tell(up, place, &format!("This cannot be read here ({what}).")).await;
    }

    /// Says something to people that is no answer. It works without, so that an error is only told.
    pub(super) async fn tell(&self, up: &Up, place: Place, text: &str) {
        let mut request = SendMessage::new(self.now(place.chat), text);
        request.message_thread_id = place.topic;
        if let Err(fault) = up.client.call(&request).await {
            let error = errors::shown(&fault, &up.token);
            tracing::warn!(channel = self.options.name, %place, text, "somebody was not told: {error}");
        }
    }

    /// Counts a message that is passed over, and logs it now and then.
    pub(super) fn pass(&self, reason: &'static str, detail: impl std::fmt::Display) {
        self.options.health.dropped.count_flood(&self.options.name, reason, detail);
    }

    /// Whether a person may speak.
    pub(super) fn knows(&self, user: i64) -> bool {
        let id = user.to_string();
        self.options.users.iter().any(|known| known == "*" || *known == id)
    }
}

/// The person that is told of others: the first of those who may approve.
pub(super) fn owner(owners: &[String]) -> Option<ChatId> {
    owners.first().and_then(|id| id.parse().ok()).map(ChatId)
}

/// The lines of a message as one text.
fn join(lines: super::words::Lines) -> String {
    let super::words::Lines { quoted, texts, files } = lines;
    quoted.into_iter().chain(texts).chain(files).collect::<Vec<_>>().join("\n")
}

//! Messages that were gathered: their files are fetched, and they are handed in as one.

use super::{
    Telegram, Up,
    gather::{Group, Part},
    incoming::NOT_ADDRESSED,
    lock,
    message::Message,
    words::{Fetched, Lines, Told},
};
use crate::{
    domain::post::{Arrival, Door},
    health::chaos,
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;
use std::time::Instant;

impl Telegram {
    /// Takes up again what waited when the channel went down.
    pub(super) async fn restore(&self, up: &Up, door: &dyn Door) -> Result<(), String> {
        let unread = |error| format!("what is stored cannot be read: {error}");
        let held = door.held().await.map_err(unread)?;
        let mut gather = super::gather::Gather::new(self.options.gather);
        let mut broken = vec![];
        for piece in held {
            let Some((message, addressed)) = read(&piece.body) else {
                tracing::error!(
                    channel = self.options.name,
                    id = piece.id,
                    "a stored message makes no sense"
                );
                broken.push(piece.id);
                continue;
            };
            let user = piece.user.parse().unwrap_or_default();
            let told = Told::of(up, &message, self.quoted(up, &message));
            let fetched = (!told.fetches()).then(Fetched::default);
            let (place, now) = (message.place(), Instant::now());
            gather.add((place, user), Part { id: piece.id, message, addressed, fetched }, true, now);
        }
        *lock(&self.gather) = gather;
        match broken.is_empty() {
            true => Ok(()),
            false => door.discard(broken).await.map_err(unread),
        }
    }

    /// Hands on what is due, until that fails.
    pub(super) async fn gather(&self, up: &Up, door: &dyn Door) -> Result<(), String> {
        let mut fetching = FuturesUnordered::new();
        loop {
            let parts = lock(&self.gather).begin_fetching();
            fetching.extend(parts.into_iter().map(|part| self.fetch_of(up, part)));
            self.hand_on(up, door).await?;
            let due = lock(&self.gather).due();
            let pause = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.bell.notified() => {}
                () = pause => {}
                Some((id, fetched)) = fetching.next() => lock(&self.gather).fetched(&id, fetched),
            }
        }
    }

    async fn fetch_of(&self, up: &Up, part: Part) -> (String, Fetched) {
        let Part { id, message, .. } = part;
        let told = Told::of(up, &message, self.quoted(up, &message));
        let number = match message.number() {
            0 => format!("u{}", message.update()),
            number => number.to_string(),
        };
        let own = self.fetch_all(up, &message, &number, &told.files).await;
        let quoted = match &told.quoted {
            Some(quoted) => self.fetch_all(up, &message, &quoted.number, &quoted.files).await,
            None => vec![],
        };
        (id, Fetched { own, quoted })
    }

    /// Hands on what is due now.
    pub(super) async fn hand_on(&self, up: &Up, door: &dyn Door) -> Result<(), String> {
        let _one = self.handing.lock().await;
        loop {
            let group = lock(&self.gather).next(Instant::now());
            let Some(group) = group else { return Ok(()) };
            let messages: Vec<_> = group.parts.iter().map(|part| &part.message).collect();
            let handing = || self.hand_on_group(up, door, &group);
            let handed = match self.survives(up, group.who.0, &messages, handing).await {
                Some(handed) => handed,
                // They are stored, and would break the next start.
                None => self.forget(door, &group).await,
            };
            lock(&self.gather).handed();
            handed?;
        }
    }

    async fn forget(&self, door: &dyn Door, group: &Group) -> Result<(), String> {
        let ids = group.parts.iter().map(|part| part.id.clone()).collect();
        door.discard(ids).await.map_err(|error| format!("a message could not be set aside: {error}"))
    }

    async fn hand_on_group(&self, up: &Up, door: &dyn Door, group: &Group) -> Result<(), String> {
        chaos::point("gather");
        let unstored = |error| format!("a message could not be stored: {error}");
        let ids: Vec<String> = group.parts.iter().map(|part| part.id.clone()).collect();
        let (place, user) = group.who;
        if !group.is_addressed() {
            ids.iter().for_each(|id| self.pass(NOT_ADDRESSED, id));
            return door.discard(ids).await.map_err(unstored);
        }
        let Some(id) = ids.first().cloned() else { return Ok(()) };
        let arrival = Arrival {
            channel: self.options.name.clone(),
            conversation: place.to_string(),
            user: user.to_string(),
            text: self.text_of(up, &group.parts),
            id,
            callback: None,
        };
        let receipt = door.receive_gathered(arrival, ids).await.map_err(unstored)?;
        self.tell_refused(up, place, receipt).await;
        Ok(())
    }

    /// What messages that belong together say. Of an album first the words, then the files.
    fn text_of(&self, up: &Up, parts: &[Part]) -> String {
        let mut units: Vec<(Option<String>, Vec<Lines>)> = vec![];
        for part in parts {
            let fetched = part.fetched.clone().unwrap_or_default();
            let quoted = self.quoted(up, &part.message);
            let lines = Told::of(up, &part.message, quoted).lines(&fetched);
            let album = part.message.album();
            match units.iter_mut().find(|(other, _)| album.is_some() && *other == album) {
                Some((_, unit)) => unit.push(lines),
                None => units.push((album, vec![lines])),
            }
        }
        let mut all = vec![];
        for (_, unit) in units {
            let (mut texts, mut files) = (vec![], vec![]);
            for lines in unit {
                // Each part of an album answers to the same message.
                texts.extend(lines.quoted.filter(|line| !all.contains(line) && !texts.contains(line)));
                texts.extend(lines.texts);
                files.extend(lines.files);
            }
            all.append(&mut texts);
            all.append(&mut files);
        }
        all.join("\n")
    }
}

/// A message as it was stored.
fn read(body: &str) -> Option<(Message, bool)> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    let addressed = body["addressed"] == true;
    let update = body["update"].as_i64().unwrap_or_default();
    Some((Message::read(body["message"].take(), update)?, addressed))
}

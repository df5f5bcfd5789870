//! What is shown while a turn runs: that somebody types, and, if wanted, what has been written so far.

use super::{
    MAX_UNITS, Up,
    errors::{self, Fault},
    lock,
    markup::plain_messages,
    outgoing::no_preview,
    place::Place,
};
use crate::domain::event::TurnEvent;
use futures_util::future::join_all;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use teloxide_core::{
    payloads::{EditMessageText, SendChatAction, SendMessage},
    types::{ChatAction, MessageId},
};
use tokio::sync::{Mutex as Slot, Notify};

/// How often "typing" is said: it is shown for 5 seconds.
pub const TYPE_EVERY: Duration = Duration::from_secs(4);
/// A turn that is over sooner shows nothing.
pub const TYPE_AFTER: Duration = Duration::from_millis(500);
/// After so long without news of a turn nothing is shown any more.
pub const TYPE_LONGEST: Duration = Duration::from_secs(600);
/// How often a message may be edited.
pub const EDIT_EVERY: Duration = Duration::from_secs(1);
/// How often to look what is to be shown, as long as a turn runs.
const TICK: Duration = Duration::from_millis(500);
/// Conversations for which something is kept.
const MOST: usize = 1_024;

/// The turns that run.
pub(super) struct Turns {
    stream: bool,
    typing: bool,
    running: Mutex<HashMap<String, Turn>>,
    bell: Notify,
}

/// A turn that runs, or whose answer has not gone out.
struct Turn {
    place: Place,
    /// The last news of it.
    heard: Instant,
    /// When to say "typing" next.
    typing_at: Instant,
    /// A person is asked something: nobody types.
    asking: bool,
    over: bool,
    text: String,
    /// The text is that of an earlier round, or void: what comes next takes its place.
    anew: bool,
    changed: bool,
    edit_at: Instant,
    /// The message that shows the text so far.
    draft: Arc<Slot<Option<MessageId>>>,
}

impl Turns {
    pub(super) fn new(stream: bool, typing: bool) -> Self {
        Self { stream, typing, running: Mutex::default(), bell: Notify::new() }
    }

    /// Takes news of a turn.
    pub(super) fn observe(&self, conversation: &str, event: &TurnEvent) {
        if !self.stream && !self.typing {
            return;
        }
        let mut running = lock(&self.running);
        if let TurnEvent::Start { .. } = event {
            let Ok(place) = Place::read(conversation) else { return };
            if running.len() >= MOST && !running.contains_key(conversation) {
                return;
            }
            running.insert(conversation.to_owned(), Turn::begun(place));
            self.bell.notify_one();
            return;
        }
        let Some(turn) = running.get_mut(conversation) else { return };
        turn.heard = Instant::now();
        turn.asking = false;
        match event {
            TurnEvent::Text { delta } if self.stream => {
                if std::mem::take(&mut turn.anew) {
                    turn.text.clear();
                }
                turn.text.push_str(delta);
                turn.changed = true;
            }
            TurnEvent::Restart { .. } | TurnEvent::ToolStart { .. } => turn.anew = true,
            // Its answer takes the place of the draft.
            TurnEvent::Done { .. } if self.stream => turn.over = true,
            TurnEvent::Done { .. } | TurnEvent::Failed { .. } => {
                running.remove(conversation);
            }
            _ => {}
        }
    }

    /// A person is asked something in a conversation.
    pub(super) fn asked(&self, conversation: &str) {
        if let Some(turn) = lock(&self.running).get_mut(conversation) {
            turn.asking = true;
        }
    }

    /// The message that shows the answer so far, which goes out now.
    pub(super) async fn draft(&self, conversation: &str) -> Option<MessageId> {
        let slot = {
            let mut running = lock(&self.running);
            if !running.get(conversation)?.over {
                return None;
            }
            running.remove(conversation)?.draft
        };
        // Waits for an edit under way: it must not come after the end.
        slot.lock().await.take()
    }

    /// The answer did not go out after all: the next attempt has the draft again.
    pub(super) fn keep_draft(&self, conversation: &str, place: Place, draft: MessageId) {
        let turn = Turn { over: true, draft: Arc::new(Slot::new(Some(draft))), ..Turn::begun(place) };
        lock(&self.running).entry(conversation.to_owned()).or_insert(turn);
    }

    /// Shows what is to be shown. Sleeps as long as no turn runs.
    pub(super) async fn show(&self, up: &Up) -> Infallible {
        loop {
            let due = {
                let now = Instant::now();
                let mut running = lock(&self.running);
                running.retain(|_, turn| now.duration_since(turn.heard) < TYPE_LONGEST);
                let idle = running.values().all(|turn| turn.over);
                (!idle)
                    .then(|| running.values_mut().filter_map(|turn| turn.due(self, now)).collect::<Vec<_>>())
            };
            match due {
                None => self.bell.notified().await,
                Some(due) => {
                    let later = join_all(due.into_iter().map(|job| job.show(up))).await;
                    self.put_off(later.into_iter().flatten());
                    tokio::time::sleep(TICK).await;
                }
            }
        }
    }

    /// The server wants to be left alone in some places.
    fn put_off(&self, places: impl Iterator<Item = (Place, Duration)>) {
        for (place, time) in places {
            let until = Instant::now() + time;
            let mut running = lock(&self.running);
            for turn in running.values_mut().filter(|turn| turn.place == place) {
                (turn.typing_at, turn.edit_at) = (until, until);
                turn.changed = true;
            }
        }
    }
}

impl Turn {
    fn begun(place: Place) -> Self {
        let now = Instant::now();
        Self {
            place,
            heard: now,
            typing_at: now + TYPE_AFTER,
            asking: false,
            over: false,
            text: String::new(),
            anew: false,
            changed: false,
            edit_at: now + EDIT_EVERY,
            draft: Arc::default(),
        }
    }

    fn due(&mut self, turns: &Turns, now: Instant) -> Option<Job> {
        if self.over {
            return None;
        }
        if turns.stream && self.changed && now >= self.edit_at && !self.text.trim().is_empty() {
            self.changed = false;
            self.edit_at = now + EDIT_EVERY;
            // What is longer than a message is shown to its end when it is there.
            let first = plain_messages(&self.text, MAX_UNITS - 2).into_iter().next()?;
            let text = format!("{} …", first.text);
            return Some(Job::Write { place: self.place, text, draft: Arc::clone(&self.draft) });
        }
        if turns.typing && !self.asking && now >= self.typing_at {
            self.typing_at = now + TYPE_EVERY;
            return Some(Job::Type(self.place));
        }
        None
    }
}

/// Something to be shown.
enum Job {
    Type(Place),
    Write { place: Place, text: String, draft: Arc<Slot<Option<MessageId>>> },
}

impl Job {
    /// Shows it, or does not: it only accompanies. Returns where to wait, and how long.
    async fn show(self, up: &Up) -> Option<(Place, Duration)> {
        let (place, shown) = match self {
            Self::Type(place) => {
                let mut request = SendChatAction::new(place.chat, ChatAction::Typing);
                request.message_thread_id = place.topic;
                (place, up.client.call(&request).await.map(drop))
            }
            Self::Write { place, text, draft } => {
                let mut draft = draft.lock().await;
                let shown = match *draft {
                    Some(id) => {
                        let mut request = EditMessageText::new(place.chat, id, text);
                        request.link_preview_options = Some(no_preview());
                        up.client.call(&request).await.map(drop)
                    }
                    None => {
                        let mut request = SendMessage::new(place.chat, text);
                        request.link_preview_options = Some(no_preview());
                        request.disable_notification = Some(true);
                        request.message_thread_id = place.topic;
                        let sent = up.client.call(&request).await;
                        sent.map(|sent| *draft = number_of(&sent).map(MessageId))
                    }
                };
                (place, shown)
            }
        };
        match shown {
            Err(Fault::TooMany(time)) => Some((place, time)),
            Err(fault) => {
                tracing::debug!("what goes on was not shown: {}", errors::shown(&fault, &up.token));
                None
            }
            Ok(()) => None,
        }
    }
}

/// The number of a message that was sent.
pub(super) fn number_of(sent: &serde_json::Value) -> Option<i32> {
    sent["message_id"].as_i64().and_then(|id| i32::try_from(id).ok())
}

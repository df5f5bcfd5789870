//! Questions to people who are reached by a channel: may this call run?
//!
//! A question belongs to one call, which waits for it; to the people who may decide, by the platform's
//! own ids; and to a time. It is stored before it is sent, and what is stored counts: an answer may
//! come to another run of the program, or from another program.

mod answering;
mod asking;
mod words;

use super::{Outgoing, router::Place};
use crate::domain::{
    approval::Approvers,
    envelope::Origin,
    hook::TurnContext,
    id::{SessionId, TurnId},
    question::QuestionStore,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// How long an answer may take where whoever asks doesn't say.
pub const ANSWER_TIME: Duration = Duration::from_secs(300);
/// A call that takes more characters is not asked about by a channel: it could not be shown whole.
pub const MAX_QUESTION_CHARS: usize = 3_500;
/// Questions that one person can have before them at a time.
pub const MAX_OPEN: usize = 16;
/// How often a question that waits is looked up: another program may have been given the answer.
pub const ANSWERS_EVERY: Duration = Duration::from_millis(500);

/// The questions under way.
pub struct Questions {
    outgoing: Arc<Outgoing>,
    store: Arc<dyn QuestionStore>,
    state: Mutex<State>,
    /// Rings when an answer was stored.
    answered: Notify,
}

#[derive(Default)]
struct State {
    /// The channels that are up, and who owns each: they may approve.
    channels: BTreeMap<String, Vec<String>>,
    /// Where the sessions are in which a turn runs, and who began it.
    speakers: HashMap<SessionId, (Place, String)>,
    /// The turns that wait for an answer and can go on in a later run of the program.
    waiting: HashSet<TurnId>,
    /// Those that are left to it.
    parked: HashSet<TurnId>,
}

/// A turn in a session, as long as this lives.
pub(super) struct Speaking<'a> {
    questions: &'a Questions,
    session: SessionId,
}

impl Drop for Speaking<'_> {
    fn drop(&mut self) {
        self.questions.state().speakers.remove(&self.session);
    }
}

impl Questions {
    /// Keeps questions in `store`, and sends them by `outgoing`.
    pub fn new(outgoing: Arc<Outgoing>, store: Arc<dyn QuestionStore>) -> Self {
        Self { outgoing, store, state: Mutex::default(), answered: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these channels are up, each with the people who own it.
    pub fn serve(&self, channels: impl IntoIterator<Item = (String, Vec<String>)>) {
        self.state().channels = channels.into_iter().collect();
    }

    /// Whether a channel of this name is up.
    pub fn serves(&self, channel: &str) -> bool {
        self.state().channels.contains_key(channel)
    }

    /// A turn begins in `session`, for whoever speaks at `place`.
    pub(super) fn enter(&self, session: &SessionId, place: Place, user: String) -> Speaking<'_> {
        self.state().speakers.insert(session.clone(), (place, user));
        Speaking { questions: self, session: session.clone() }
    }

    /// Who decides about the calls of a turn that somebody began by a channel. `None`: it was not begun so.
    pub fn approvers(&self, context: &TurnContext) -> Option<Approvers> {
        let state = self.state();
        let Origin { channel, user } = &context.origin;
        let owners = state.channels.get(channel)?;
        let address = |owner: &String| format!("{channel}:{owner}");
        Some(if owners.contains(user) {
            Approvers::People { to: vec![address(user)], speaker: true }
        } else if owners.is_empty() {
            Approvers::Nobody(format!(
                "nobody may approve on {channel}: `owners` of the channel names nobody"
            ))
        } else {
            Approvers::People { to: owners.iter().map(address).collect(), speaker: false }
        })
    }

    /// Tells whoever speaks in a turn something, where they speak.
    pub async fn inform(&self, context: &TurnContext, text: String) {
        let place = self.state().speakers.get(&context.session).map(|(place, _)| place.clone());
        let Some(Place { channel, conversation }) = place else { return };
        if let Err(error) = self.outgoing.send(&channel, &conversation, text.as_str()).await {
            tracing::warn!(%error, channel, "a person could not be told about an approval");
        }
    }

    /// Leaves a turn to a later run of the program, if it waits for an answer: its question stays
    /// open when the turn is dropped.
    pub(super) fn park(&self, turn: &TurnId) -> bool {
        let mut state = self.state();
        let waits = state.waiting.contains(turn);
        if waits {
            state.parked.insert(turn.clone());
        }
        waits
    }

    /// How many turns there are of which something is kept here.
    pub(super) fn held(&self) -> usize {
        let state = self.state();
        state.speakers.len() + state.waiting.len()
    }
}

//! Questions to people who are reached by a channel: may this call run?
//!
//! A question belongs to one call, which waits for it; to one person, by the platform's own id; and
//! to a time. It is answered once.

use super::{Outgoing, router::Place};
use crate::domain::{
    approval::{Approval, ApprovalRequest},
    hook::TurnContext,
    id::{CallId, SessionId},
    post::Content,
};
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long an answer may take where whoever asks doesn't say.
pub const ANSWER_TIME: Duration = Duration::from_secs(300);
/// A call that takes more characters is not asked about by a channel: it could not be shown whole.
pub const MAX_QUESTION_CHARS: usize = 3_500;
/// Questions that one person can have before them at a time.
pub const MAX_OPEN: usize = 16;
/// So many ended questions are remembered, to tell late answers what became of them.
const REMEMBERED: usize = 64;

/// The questions under way.
pub struct Questions {
    outgoing: Arc<Outgoing>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The channels that are up.
    channels: BTreeSet<String>,
    /// Where the sessions are in which a turn runs, and who began it.
    speakers: HashMap<SessionId, (Place, String)>,
    open: Vec<Open>,
    ended: VecDeque<(String, Person)>,
}

struct Open {
    id: String,
    person: Person,
    answer: oneshot::Sender<Approval>,
}

#[derive(Clone, PartialEq, Eq)]
struct Person {
    channel: String,
    user: String,
}

impl Questions {
    /// Asks by `outgoing`.
    pub fn new(outgoing: Arc<Outgoing>) -> Self {
        Self { outgoing, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these channels are up.
    pub fn serve(&self, channels: impl IntoIterator<Item = String>) {
        self.state().channels = channels.into_iter().collect();
    }

    /// A turn begins in `session`, for whoever speaks at `place`.
    pub(super) fn enter(&self, session: &SessionId, place: Place, user: String) {
        self.state().speakers.insert(session.clone(), (place, user));
    }

    pub(super) fn leave(&self, session: &SessionId) {
        self.state().speakers.remove(session);
    }

    /// The address of whoever speaks in a turn, if that is by a channel.
    pub fn speaker(&self, context: &TurnContext) -> Option<String> {
        let state = self.state();
        let channel = &context.origin.channel;
        state.channels.contains(channel).then(|| format!("{channel}:{}", context.origin.user))
    }

    /// Asks a person about a call, and waits. `Err`: why there is no answer.
    pub async fn ask(
        &self,
        request: &ApprovalRequest,
        to: &str,
        timeout: Option<Duration>,
    ) -> Result<Approval, String> {
        let (channel, user) = to.split_once(':').ok_or_else(|| format!("{to:?} is no address"))?;
        let person = Person { channel: channel.to_owned(), user: user.to_owned() };
        let timeout = timeout.unwrap_or(ANSWER_TIME);
        let shown = shown(request)?;
        let (answer, answered) = oneshot::channel();
        let (id, conversation) = self.open(request, person, answer)?;
        let _end = End { questions: self, id: &id };
        let text = format!(
            "{shown}\nMay it run? Answer \"yes {id}\" or \"no {id}\" within {} s.",
            timeout.as_secs_f64().ceil()
        );
        let content = Content { text, question: Some(id.clone()), files: vec![] };
        self.outgoing.send(channel, &conversation, content).await.map_err(|error| error.to_string())?;
        match tokio::time::timeout(timeout, answered).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err("the question was withdrawn".into()),
            Err(_) => Err(format!("{to} was asked and did not answer within {} s", timeout.as_secs_f64())),
        }
    }

    fn open(
        &self,
        request: &ApprovalRequest,
        person: Person,
        answer: oneshot::Sender<Approval>,
    ) -> Result<(String, String), String> {
        let mut state = self.state();
        let Person { channel, user } = &person;
        if !state.channels.contains(channel) {
            return Err(format!(
                "{channel}:{user} cannot be asked: no channel {channel:?} is up in this program"
            ));
        }
        if state.open.iter().filter(|open| open.person == person).count() >= MAX_OPEN {
            return Err(format!("{channel}:{user} has {MAX_OPEN} questions to answer already"));
        }
        // Who speaks is asked where they speak.
        let conversation = match state.speakers.get(&request.context.session) {
            Some((place, speaker)) if speaker == user && place.channel == *channel => {
                place.conversation.clone()
            }
            _ => user.clone(),
        };
        let id = loop {
            let id = letters();
            if !state.open.iter().any(|open| open.id == id) {
                break id;
            }
        };
        state.open.push(Open { id: id.clone(), person, answer });
        Ok((id, conversation))
    }

    /// Whether what a person says may be the answer to a question that they were asked.
    pub(super) fn expects(&self, channel: &str, user: &str, text: &str) -> bool {
        let asked = |open: &Open| open.person.channel == channel && open.person.user == user;
        read(text).is_some() && self.state().open.iter().any(asked)
    }

    /// Takes what a person said for an answer, if it is one: what they are told about that.
    pub(super) fn answer(&self, channel: &str, user: &str, text: &str) -> Option<String> {
        let (approval, id) = read(text)?;
        self.decide(channel, user, approval, id)
    }

    /// Takes a person's answer to a question of which the id is known.
    pub(super) fn press(&self, channel: &str, user: &str, id: &str, yes: bool) -> String {
        let approval = if yes { Approval::Yes } else { Approval::No };
        self.decide(channel, user, approval, Some(id.to_owned()))
            .unwrap_or_else(|| "This question is not yours, or it is over.".into())
    }

    fn decide(&self, channel: &str, user: &str, approval: Approval, id: Option<String>) -> Option<String> {
        let person = Person { channel: channel.to_owned(), user: user.to_owned() };
        let mut state = self.state();
        let theirs: Vec<usize> = (0..state.open.len()).filter(|&i| state.open[i].person == person).collect();
        let chosen = match &id {
            Some(id) => theirs.iter().copied().find(|&i| state.open[i].id == *id),
            None if theirs.len() == 1 => theirs.first().copied(),
            None if theirs.is_empty() => return None,
            None => {
                let ids: Vec<_> = theirs.iter().map(|&i| state.open[i].id.as_str()).collect();
                return Some(format!(
                    "There are several questions: say yes or no with one of {}.",
                    ids.join(", ")
                ));
            }
        };
        let Some(index) = chosen else {
            let id = id?;
            let late = state.ended.contains(&(id.clone(), person));
            return late.then(|| format!("The question {id} is over: it was answered, or it took too long."));
        };
        let Open { id, person, answer } = state.open.remove(index);
        state.end(id.clone(), person);
        let told = match approval {
            Approval::No => format!("No to {id}: it does not run."),
            _ => format!("Yes to {id}: it runs, this once."),
        };
        // Whoever asked may have gone this moment.
        match answer.send(approval) {
            Ok(()) => Some(told),
            Err(_) => Some(format!("The question {id} is over.")),
        }
    }
}

impl State {
    fn end(&mut self, id: String, person: Person) {
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back((id, person));
    }
}

/// Ends a question when nobody waits for its answer any more.
struct End<'a> {
    questions: &'a Questions,
    id: &'a str,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.questions.state();
        if let Some(index) = state.open.iter().position(|open| open.id == self.id) {
            let Open { id, person, .. } = state.open.remove(index);
            state.end(id, person);
        }
    }
}

/// `yes`, `no`, `yes abcd`, `no abcd`.
fn read(text: &str) -> Option<(Approval, Option<String>)> {
    let text = text.trim().trim_end_matches(['.', '!']).to_ascii_lowercase();
    let mut words = text.split_whitespace();
    let approval = match words.next()? {
        "yes" | "y" => Approval::Yes,
        "no" | "n" => Approval::No,
        _ => return None,
    };
    let id = words.next();
    let fits = id.is_none_or(|id| id.len() == ID_LETTERS && id.bytes().all(|b| b.is_ascii_lowercase()));
    (fits && words.next().is_none()).then(|| (approval, id.map(str::to_owned)))
}

const ID_LETTERS: usize = 4;

fn letters() -> String {
    let random = CallId::generate();
    // Its end is random, in 32 signs: two of them make a letter.
    let tail: Vec<u32> = random.as_str().bytes().rev().take(2 * ID_LETTERS).map(u32::from).collect();
    let letter = |pair: &[u32]| (pair.iter().fold(0, |sum, sign| sum * 32 + sign % 32) % 26) as u8;
    tail.chunks(2).map(|pair| char::from(b'a' + letter(pair))).collect()
}

/// The call, all of it, with what cannot be seen spelled out.
fn shown(request: &ApprovalRequest) -> Result<String, String> {
    let ApprovalRequest { call, reason, context } = request;
    let args = visible(&Value::Object(call.args.clone()).to_string());
    let length = args.chars().count();
    if length > MAX_QUESTION_CHARS {
        return Err(format!(
            "the call is too long to be shown whole in a message: {length} characters, and at most \
             {MAX_QUESTION_CHARS} can be asked about"
        ));
    }
    let (name, agent) = (visible(&call.name), visible(&context.agent));
    let who = visible(&format!("{}:{}", context.origin.channel, context.origin.user));
    Ok(format!("{agent} wants to run {name} {args}\nfor {who}, because {}", visible(reason)))
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Letters that show as nothing, or as a blank.
        let filler = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
        let plain = if c.is_ascii() { !c.is_ascii_control() } else { c.is_alphanumeric() && !filler };
        if plain {
            out.push(c);
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "{}", c.escape_unicode());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_is_one() {
        assert_eq!(read(" Yes. "), Some((Approval::Yes, None)));
        assert_eq!(read("no abcd"), Some((Approval::No, Some("abcd".into()))));
        for text in ["yes please do", "yes, abcd", "nope", "no 1234", "yes abcde", "abcd", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_questions_are_letters() {
        for _ in 0..100 {
            let id = letters();
            assert!(id.len() == ID_LETTERS && id.bytes().all(|b| b.is_ascii_lowercase()), "{id}");
        }
    }
}

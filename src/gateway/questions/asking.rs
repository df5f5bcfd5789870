//! Asking, and waiting for what is stored.

use super::{
    ANSWER_TIME, ANSWERS_EVERY, MAX_OPEN, Questions,
    words::{letters, shown},
};
use crate::{
    domain::{
        approval::{Approval, ApprovalRequest, Ruling},
        id::TurnId,
        question::{Asked, NewQuestion, Opening, Question, QuestionState},
    },
    policy::call_print,
};
use std::{
    pin::pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

impl Questions {
    /// Asks people about a call, and waits. Where an earlier run of the program asked the same people
    /// about the same call, that question is the one. `Err`: why there is no answer.
    pub async fn ask(
        &self,
        request: &ApprovalRequest,
        to: &[String],
        timeout: Option<Duration>,
    ) -> Result<Ruling, String> {
        if let Some(standing) = self.standing(request).await? {
            let same = standing.people.iter().all(|person| to.contains(&person.address()));
            if same && standing.print == call_print(&request.call) {
                return self.wait(&standing).await;
            }
            self.store.withdraw(&standing.id).await.map_err(|error| error.to_string())?;
        }
        let people = self.people(request, to)?;
        let question = self.open(request, people, timeout.unwrap_or(ANSWER_TIME)).await?;
        for person in &question.people {
            self.outgoing.ring(&person.channel);
        }
        self.wait(&question).await
    }

    /// Waits for the answer to a question that an earlier run of the program asked about this very
    /// call. `None`: there is none.
    pub async fn asked_before(&self, request: &ApprovalRequest) -> Option<Result<Ruling, String>> {
        match self.standing(request).await {
            Ok(None) => None,
            Ok(Some(standing)) if standing.print == call_print(&request.call) => {
                Some(self.wait(&standing).await)
            }
            Ok(Some(standing)) => {
                drop(self.store.withdraw(&standing.id));
                Some(Err("it is another call than the one that a person was asked about".into()))
            }
            Err(error) => Some(Err(error)),
        }
    }

    async fn standing(&self, request: &ApprovalRequest) -> Result<Option<Question>, String> {
        let standing = self.store.standing(&request.context.turn, &request.call.id).await;
        standing.map_err(|error| error.to_string())
    }

    /// Who is asked, and where.
    fn people(&self, request: &ApprovalRequest, to: &[String]) -> Result<Vec<Asked>, String> {
        let state = self.state();
        let mut people: Vec<Asked> = vec![];
        for address in to {
            let (channel, user) =
                address.split_once(':').ok_or_else(|| format!("{address:?} is no address"))?;
            if !state.channels.contains_key(channel) {
                return Err(format!(
                    "{address} cannot be asked: no channel {channel:?} is up in this program"
                ));
            }
            // Who speaks is asked where they speak.
            let conversation = match state.speakers.get(&request.context.session) {
                Some((place, speaker)) if speaker == user && place.channel == channel => {
                    place.conversation.clone()
                }
                _ => user.to_owned(),
            };
            if !people.iter().any(|person| person.channel == channel && person.user == user) {
                let (channel, user) = (channel.to_owned(), user.to_owned());
                people.push(Asked { channel, user, conversation });
            }
        }
        Ok(people)
    }

    async fn open(
        &self,
        request: &ApprovalRequest,
        people: Vec<Asked>,
        timeout: Duration,
    ) -> Result<Question, String> {
        let text = shown(request)?;
        loop {
            let id = letters();
            let message = format!(
                "{text}\nMay it run? Answer \"yes {id}\" or \"no {id}\" within {} s.",
                timeout.as_secs_f64().ceil()
            );
            let question = NewQuestion {
                id,
                print: call_print(&request.call),
                people: people.clone(),
                request: request.clone(),
                text: text.clone(),
                message,
                patience_ms: i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX),
            };
            match self.store.open(question, MAX_OPEN).await.map_err(|error| error.to_string())? {
                Opening::Asked(question) => return Ok(*question),
                Opening::Taken => {}
                Opening::TooMany(person) => {
                    return Err(format!("{} has {MAX_OPEN} questions to answer already", person.address()));
                }
            }
        }
    }

    /// Waits until the question is answered or over, and uses the answer.
    async fn wait(&self, question: &Question) -> Result<Ruling, String> {
        let mut end = Waiting::begin(self, question);
        let failed = |error: crate::domain::store::StoreError| error.to_string();
        loop {
            let mut rung = pin!(self.answered.notified());
            rung.as_mut().enable();
            let now = self.store.question(&question.id).await.map_err(failed)?;
            let left = question.expires_ms.saturating_sub(now_ms());
            if now.is_none_or(|now| now.state != QuestionState::Open) || left <= 0 {
                break;
            }
            let left = Duration::from_millis(left.unsigned_abs());
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(left.min(ANSWERS_EVERY)) => {}
            }
        }
        let (state, by) = self.store.conclude(&question.id, &question.print).await.map_err(failed)?;
        end.over = true;
        let reply = |approval| Ok(Ruling { approval, by });
        match state {
            QuestionState::Yes => reply(Approval::Yes),
            QuestionState::No => reply(Approval::No),
            QuestionState::Expired | QuestionState::Open => {
                let people: Vec<_> = question.people.iter().map(Asked::address).collect();
                let (verb, people) = if people.len() == 1 { ("was", people) } else { ("were", people) };
                let seconds = (question.expires_ms - question.asked_ms) as f64 / 1000.0;
                Err(format!("{} {verb} asked and did not answer within {seconds} s", people.join(", ")))
            }
            QuestionState::Withdrawn => Err("the question was withdrawn".into()),
        }
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Withdraws a question when nobody waits for its answer any more, unless the next run of the program
/// will.
struct Waiting<'a> {
    questions: &'a Questions,
    id: &'a str,
    turn: Option<TurnId>,
    over: bool,
}

impl<'a> Waiting<'a> {
    fn begin(questions: &'a Questions, question: &'a Question) -> Self {
        let turn = question.resumable.then(|| question.request.context.turn.clone());
        if let Some(turn) = &turn {
            questions.state().waiting.insert(turn.clone());
        }
        Self { questions, id: &question.id, turn, over: false }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let parked = self.turn.as_ref().is_some_and(|turn| {
            let mut state = self.questions.state();
            state.waiting.remove(turn);
            state.parked.contains(turn)
        });
        if !self.over && !parked {
            // It is queued by being called.
            drop(self.questions.store.withdraw(self.id));
        }
    }
}

//! Answers, typed or by a button, and what people are told about them.

use super::{Questions, words::read};
use crate::domain::{
    post::Arrival,
    question::{Asked, Decided, Question, QuestionState, Voter},
    store::StoreError,
};

impl Questions {
    /// Takes what a person said for an answer, if it is one: what they are told about that.
    pub(in crate::gateway) async fn answer(&self, arrival: &Arrival) -> Option<String> {
        let (yes, id) = read(&arrival.text)?;
        let Arrival { channel, user, conversation, .. } = arrival;
        let id = match id {
            Some(id) => id,
            None => match self.only(channel, user, conversation).await {
                Ok(Some(id)) => id,
                Ok(None) => return None,
                Err(told) => return Some(told),
            },
        };
        let conversation = Some(conversation.clone());
        let voter = Voter::Person { channel: channel.clone(), user: user.clone(), conversation };
        // A text that names no question is a message like any other.
        self.decide(&voter, &id, yes).await
    }

    /// Whether what a person says may be the answer to a question that they were asked.
    pub(in crate::gateway) async fn expects(&self, channel: &str, user: &str, text: &str) -> bool {
        if read(text).is_none() {
            return false;
        }
        // Where the store fails, the message counts like any other.
        let open = self.store.unanswered().await.unwrap_or_default();
        open.iter().flat_map(|question| &question.people).any(|p| p.channel == channel && p.user == user)
    }

    /// Takes a person's answer to a question of which the id is known.
    pub(in crate::gateway) async fn press(&self, channel: &str, user: &str, id: &str, yes: bool) -> String {
        let voter = Voter::Person { channel: channel.to_owned(), user: user.to_owned(), conversation: None };
        self.decide(&voter, id, yes).await.unwrap_or_else(|| format!("There is no question {id}."))
    }

    /// The id of the only question that a person has before them here.
    async fn only(&self, channel: &str, user: &str, here: &str) -> Result<Option<String>, String> {
        let open = self.store.unanswered().await.map_err(|error| unstored(&error))?;
        let theirs = |p: &Asked| p.channel == channel && p.user == user && p.conversation == here;
        let mut ids: Vec<String> =
            open.into_iter().filter(|q| q.people.iter().any(theirs)).map(|q| q.id).collect();
        match ids.len() {
            0 | 1 => Ok(ids.pop()),
            _ => Err(format!("There are several questions: say yes or no with one of {}.", ids.join(", "))),
        }
    }

    async fn decide(&self, voter: &Voter, id: &str, yes: bool) -> Option<String> {
        let question = match self.store.decide(id, voter, yes).await {
            Ok(Decided::Counts(question)) => question,
            Ok(Decided::Unknown) => return None,
            Ok(Decided::NotTheirs) => return Some(format!("The question {id} is not yours to answer.")),
            Ok(Decided::Elsewhere) => {
                return Some(format!(
                    "The question {id} was asked in another conversation: answer it there."
                ));
            }
            Ok(Decided::Over(question)) => return Some(over(&question)),
            Err(error) => return Some(unstored(&error)),
        };
        self.answered.notify_waiters();
        self.tell_others(&question, &voter.address(), yes).await;
        Some(match yes {
            false => format!("No to {id}: it does not run."),
            true => format!("Yes to {id}: it runs, this once."),
        })
    }

    /// Tells the others who were asked that it is decided.
    async fn tell_others(&self, question: &Question, by: &str, yes: bool) {
        let said = if yes { "yes" } else { "no" };
        let text = format!("The question {} is over: {by} said {said}.", question.id);
        for person in question.people.iter().filter(|person| person.address() != by) {
            let told = self.outgoing.send(&person.channel, &person.conversation, text.as_str()).await;
            if let Err(error) = told {
                tracing::warn!(%error, "people could not be told that a question is over");
            }
        }
    }
}

fn unstored(error: &StoreError) -> String {
    format!("error: {error}; your answer decided nothing, try again")
}

fn over(question: &Question) -> String {
    let id = &question.id;
    let by = question.decided_by.as_deref().unwrap_or("somebody");
    match question.state {
        QuestionState::Yes => format!("The question {id} is over: it was answered, {by} said yes."),
        QuestionState::No => format!("The question {id} is over: it was answered, {by} said no."),
        QuestionState::Expired => format!("The question {id} is over: the answer took too long."),
        QuestionState::Withdrawn | QuestionState::Open => {
            format!("The question {id} is over: nobody waits for its answer any more.")
        }
    }
}

//! A message to a daemon's agent, as if the engine were in this program.

use super::{error::LinkError, link::Link};
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        event::{Observer, TurnEvent},
        id::{SessionId, TurnId},
        outcome::TurnEnd,
        usage::Usage,
    },
    quic::{
        ClientError,
        protocol::{Answer, Kind, Request},
    },
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a turn that was told to stop may take to tell of its end.
pub const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What is said, and where.
#[derive(Clone, Debug)]
pub struct Message {
    /// The text.
    pub text: String,
    /// The conversation, by its id.
    pub session: SessionId,
    /// The agent that shall answer, in place of the conversation's own.
    pub agent: Option<String>,
    /// `provider/model` in place of the agent's own.
    pub model: Option<String>,
    /// The last message that was not answered is meant, and no text.
    pub again: bool,
}

/// What a daemon takes for that.
const RETRY: &str = "/retry";

/// The person at this end.
#[derive(Clone)]
pub struct Person {
    /// Is told of everything.
    pub observer: Arc<dyn Observer>,
    /// Answers questions; `None`: nobody can be asked.
    pub approver: Option<Arc<dyn Approver>>,
    /// Stops the turn.
    pub cancel: CancellationToken,
}

/// What is known of the turn so far.
#[derive(Default)]
struct Turn {
    began: Option<(SessionId, TurnId)>,
    end: Option<TurnEnd>,
}

/// Has a message answered. The last event is `Done` or `Failed`, whatever becomes of the daemon.
///
/// # Errors
/// When the daemon does not take the message, or goes away before it is answered.
pub async fn say(link: &Link, message: Message, person: &Person) -> Result<TurnEnd, LinkError> {
    let Message { text, session, agent, model, again } = message;
    let here = session.clone();
    let request = Request::Message {
        text: if again { RETRY.to_owned() } else { text },
        session: Some(session.to_string()),
        agent,
        model,
        detach: false,
        unattended: person.approver.is_none(),
        literal: !again,
    };
    let mut turn = Turn::default();
    let result = match follow(link, &request, person, &mut turn).await {
        // Not on our word.
        Ok(TurnEnd::Cancelled) if !person.cancel.is_cancelled() => Err(LinkError::Gone {
            who: link.name(),
            why: "it ends, or another device stopped the turn".into(),
        }),
        result => result,
    };
    if turn.end.is_none() {
        let (session, turn) = turn.began.unwrap_or((here, TurnId::from("")));
        let (kind, error) = match &result {
            Ok(_) => ("cancelled", "cancelled".to_owned()),
            Err(error) => ("other", error.to_string()),
        };
        person.observer.observe(&TurnEvent::Failed { session, turn, error, kind, usage: Usage::default() });
    }
    result
}

async fn follow(
    link: &Link,
    request: &Request,
    person: &Person,
    turn: &mut Turn,
) -> Result<TurnEnd, LinkError> {
    let mut answers = link.request(request).await?;
    let mut errands: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    let mut deadline = None;
    loop {
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let answer = tokio::select! {
            biased;
            answer = answers.next() => answer,
            Some(()) = errands.next() => continue,
            () = person.cancel.cancelled(), if deadline.is_none() => {
                // One that waits in line is given up by leaving.
                let Some((session, _)) = &turn.began else { return Ok(TurnEnd::Cancelled) };
                let request = Request::Cancel { session: session.to_string() };
                errands.push(Box::pin(async move {
                    // Where it is not heard, leaving is.
                    let _ = link.ask(&request).await;
                }));
                deadline = Some(Instant::now() + STOP_PATIENCE);
                continue;
            }
            () = late => return Ok(TurnEnd::Cancelled),
        };
        match answer {
            Ok(Answer::Event { event }) => {
                turn.note(&event);
                person.observer.observe(&event);
            }
            Ok(Answer::Approval { id, request, .. }) => {
                errands.push(Box::pin(ask(link, person, id, request)));
            }
            Ok(Answer::Done { .. }) => {
                return Ok(turn.end.get_or_insert_with(|| TurnEnd::Answered(String::new())).clone());
            }
            Ok(_) => {}
            Err(error) => return turn.closed(link, error),
        }
    }
}

impl Turn {
    fn note(&mut self, event: &TurnEvent) {
        self.end = match event {
            TurnEvent::Start { session, turn, .. } => {
                self.began = Some((session.clone(), turn.clone()));
                return;
            }
            TurnEvent::Done { text, .. } => Some(TurnEnd::Answered(text.clone())),
            TurnEvent::Failed { kind: "cancelled", .. } => Some(TurnEnd::Cancelled),
            TurnEvent::Failed { kind, error, .. } => Some(TurnEnd::Failed { kind, message: error.clone() }),
            _ => return,
        };
    }

    /// What a stream that ended with an error comes to.
    fn closed(&self, link: &Link, error: ClientError) -> Result<TurnEnd, LinkError> {
        match (&self.end, error) {
            (Some(end), _) => Ok(end.clone()),
            (None, ClientError::Refused(refusal)) if refusal.kind == Kind::Cancelled => {
                Ok(TurnEnd::Cancelled)
            }
            (None, error) => Err(link.sorted(error)),
        }
    }
}

/// Puts a question to the person, and sends the answer.
async fn ask(link: &Link, person: &Person, id: String, request: ApprovalRequest) {
    let Some(approver) = &person.approver else { return };
    let answer = approver.ask(&request).await.unwrap_or(Approval::No);
    let send = async |answer| link.ask(&Request::Approval { id: id.clone(), answer }).await;
    let mut sent = send(answer).await;
    let forbidden = |error: &LinkError| error.refusal().is_some_and(|no| no.kind == Kind::Forbidden);
    if answer == Approval::Always && sent.as_ref().is_err_and(forbidden) {
        tell(person, "this device cannot allow anything for good; it was allowed this once");
        sent = send(Approval::Yes).await;
    }
    if let Err(error) = sent {
        tell(person, &format!("the answer did not count: {error}"));
    }
}

fn tell(person: &Person, text: &str) {
    person.observer.observe(&TurnEvent::Notice { text: text.to_owned() });
}

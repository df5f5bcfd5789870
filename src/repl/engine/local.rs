//! The engine in this program.

use super::{Ended, Engine, Evaluated, Said};
use crate::{
    app::{App, Cause, NOTHING_TO_RETRY},
    domain::{
        BoxFuture,
        envelope::Envelope,
        event::{Observer, TurnEvent},
        outcome::TurnEnd,
        store::{Session, StoreError},
    },
    front::{Colour, transcript},
    gateway::Delivery,
    script::{Evaluation, Limits, Outcome},
};
use std::time::Duration;

/// What the sessions that begin here, and whoever speaks in them, are filed under.
const CHANNEL: &str = "repl";
/// How long one evaluation may take; Ctrl-C ends it before.
const EVAL_LIMIT: Duration = Duration::from_secs(60);

/// What there is to say where nothing is taken up again.
fn untaken(nothing: Result<Option<String>, StoreError>, observer: &dyn Observer) -> TurnEnd {
    match nothing {
        Ok(_) => {
            observer.observe(&TurnEvent::Notice { text: NOTHING_TO_RETRY.to_owned() });
            TurnEnd::Answered(String::new())
        }
        Err(error) => {
            let message = error.to_string();
            observer.observe(&TurnEvent::Notice { text: format!("error: {message}") });
            TurnEnd::Failed { kind: "storage", message }
        }
    }
}

/// The engine in this program.
pub(in crate::repl) struct Local(pub(in crate::repl) App);

impl Engine for Local {
    fn say(&self, said: Said) -> BoxFuture<'_, TurnEnd> {
        let Self(app) = self;
        let Said { text, again, session, model, observer, cancel } = said;
        Box::pin(async move {
            let text = match again {
                false => text,
                true => match app.memory().left_unanswered(&session.id).await {
                    Ok(Some(text)) => text,
                    nothing => return untaken(nothing, &*observer),
                },
            };
            let envelope = Envelope { origin: app.origin(CHANNEL), agent: app.agent_of(&session), text };
            let delivery = Delivery { envelope, session: session.id, model, depth: 0, observer, cancel };
            app.gateway().submit(delivery).await.end
        })
    }

    fn evaluate<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Evaluated> {
        Box::pin(async move {
            let Evaluation { printed, outcome } = self.0.script().eval(code, Limits::both(EVAL_LIMIT)).await;
            let ended = match outcome {
                Outcome::Values(values) => Ended::Values(values),
                Outcome::Incomplete => Ended::Incomplete,
                Outcome::Error(error) => Ended::Error(error.to_string()),
            };
            Evaluated { printed, ended }
        })
    }

    fn complete<'a>(&'a self, begun: &'a str) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async move { self.0.script().complete(begun).await })
    }

    fn commands(&self) -> BoxFuture<'_, Vec<(String, String)>> {
        Box::pin(std::future::ready(self.0.commands()))
    }

    fn run_command<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(self.0.run_command(name, typed, session, CHANNEL))
    }

    fn reload(&self) -> BoxFuture<'_, anyhow::Result<String>> {
        Box::pin(async { Ok(self.0.reload(Cause::Command).await?.to_string()) })
    }

    fn reload_and_tell(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.reload_and_tell(Cause::Signal))
    }

    fn status(&self) -> BoxFuture<'_, anyhow::Result<String>> {
        let (pid, generation) = (std::process::id(), self.0.generation());
        Box::pin(std::future::ready(Ok(format!(
            "the engine runs in this program, pid {pid}, generation {generation}\n"
        ))))
    }

    fn open<'a>(&'a self, wanted: Option<&'a str>) -> BoxFuture<'a, anyhow::Result<Session>> {
        Box::pin(async move {
            match wanted {
                Some(wanted) => self.0.session_called(wanted, CHANNEL).await,
                None => match self.0.memory().latest_session(CHANNEL).await? {
                    Some(session) => Ok(session),
                    None => self.0.new_session(CHANNEL, None).await,
                },
            }
        })
    }

    fn begin<'a>(
        &'a self,
        name: Option<&'a str>,
        old: &'a Session,
    ) -> BoxFuture<'a, anyhow::Result<Session>> {
        Box::pin(async move {
            let fresh = self.0.new_session(CHANNEL, name).await?;
            self.0.tell_reset(old, &fresh);
            Ok(fresh)
        })
    }

    fn sessions(&self, limit: usize) -> BoxFuture<'_, anyhow::Result<Vec<Session>>> {
        Box::pin(async move { Ok(self.0.memory().sessions(limit).await?) })
    }

    fn resume<'a>(
        &'a self,
        wanted: &'a str,
        messages: usize,
        colour: Colour,
    ) -> BoxFuture<'a, anyhow::Result<(Session, String)>> {
        Box::pin(async move {
            let session = self.0.memory().find_session(wanted).await?;
            let last = self.0.memory().last_messages(&session.id, messages).await?;
            Ok((session, transcript(&last, colour)))
        })
    }

    fn tools<'a>(&'a self, session: &'a Session, colour: Colour) -> BoxFuture<'a, anyhow::Result<String>> {
        Box::pin(std::future::ready(Ok(self.0.tool_table(session, colour))))
    }

    fn model<'a>(
        &'a self,
        session: &'a Session,
        chosen: Option<&'a str>,
    ) -> BoxFuture<'a, anyhow::Result<String>> {
        let name = chosen.map_or_else(|| self.0.model_of(session), str::to_owned);
        Box::pin(std::future::ready(self.0.resolved(&name).map_err(Into::into)))
    }

    fn greeting(&self) -> String {
        format!("openpista {}", env!("CARGO_PKG_VERSION"))
    }
}

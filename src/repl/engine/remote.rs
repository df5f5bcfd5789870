//! A daemon's engine.

use super::{Ended, Engine, Evaluated, Said};
use crate::{
    attach::{Link, LinkError, Message, Opened, Person, say},
    domain::{BoxFuture, approval::Approver, causes::causes, outcome::TurnEnd, store::Session},
    front::{Colour, to_stderr, tool_table, transcript},
    quic::protocol::{Answer, Request},
};
use std::sync::{Arc, Mutex, PoisonError};

/// What the sessions of a prompt are filed under.
const FRONT: &str = "repl";

/// A daemon's engine.
pub(in crate::repl) struct Remote {
    pub(in crate::repl) link: Link,
    /// Answers questions; `None`: nobody can be asked.
    pub(in crate::repl) approver: Option<Arc<dyn Approver>>,
    /// The agent that was asked for.
    pub(in crate::repl) agent: Option<String>,
    /// The model that was asked for.
    pub(in crate::repl) chosen: Option<String>,
    pub(in crate::repl) greeting: String,
    /// The commands, as they were when they were asked for last.
    pub(in crate::repl) known: Mutex<Vec<(String, String)>>,
}

impl Remote {
    async fn opened(&self, request: Wanted<'_>) -> anyhow::Result<Opened> {
        let Wanted { session, fresh, instead, model } = request;
        let request = Request::Session {
            session: session.map(str::to_owned),
            fresh,
            front: Some(FRONT.into()),
            agent: self.agent.clone(),
            instead: instead.map(|old| old.id.to_string()),
            model: model.map(str::to_owned).or_else(|| self.chosen.clone()),
        };
        Ok(self.link.session(&request).await?)
    }

    async fn answered(&self, said: Said) -> Result<TurnEnd, LinkError> {
        let Said { text, again, session, model, observer, cancel } = said;
        let model = model.or_else(|| self.chosen.clone());
        let message = Message { text, session: session.id, agent: self.agent.clone(), model, again };
        let person = Person { observer, approver: self.approver.clone(), cancel };
        say(&self.link, message, &person).await
    }
}

#[derive(Default)]
struct Wanted<'a> {
    session: Option<&'a str>,
    fresh: bool,
    instead: Option<&'a Session>,
    model: Option<&'a str>,
}

impl Engine for Remote {
    fn say(&self, said: Said) -> BoxFuture<'_, TurnEnd> {
        Box::pin(async move {
            // The observer has told.
            let failed = |error: LinkError| TurnEnd::Failed { kind: "other", message: error.to_string() };
            self.answered(said).await.unwrap_or_else(failed)
        })
    }

    fn evaluate<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Evaluated> {
        Box::pin(async move {
            let mut printed = String::new();
            let evaluated = self.link.evaluate(code, |text| printed.push_str(text)).await;
            let ended = match evaluated {
                Ok(evaluated) if evaluated.incomplete => Ended::Incomplete,
                Ok(crate::attach::Evaluated { error: Some(error), .. }) => Ended::Error(error),
                Ok(evaluated) => Ended::Values(evaluated.values),
                Err(error) => Ended::Error(format!("error: {error}")),
            };
            Evaluated { printed, ended }
        })
    }

    fn complete<'a>(&'a self, begun: &'a str) -> BoxFuture<'a, Vec<String>> {
        Box::pin(async move { self.link.complete(begun).await.unwrap_or_default() })
    }

    fn commands(&self) -> BoxFuture<'_, Vec<(String, String)>> {
        Box::pin(async move {
            let found = self.link.commands().await;
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Ok(found) = found {
                *known = found.into_iter().map(|command| (command.name, command.help)).collect();
            }
            known.clone()
        })
    }

    fn run_command<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(async move {
            if !self.commands().await.iter().any(|(known, _)| known == name) {
                return None;
            }
            let request = Request::Message {
                text: format!("/{name} {typed}"),
                session: Some(session.id.to_string()),
                agent: self.agent.clone(),
                model: None,
                detach: false,
                unattended: self.approver.is_none(),
                literal: false,
            };
            Some(self.told(&request).await.map_err(|error| error.to_string()))
        })
    }

    fn reload(&self) -> BoxFuture<'_, anyhow::Result<String>> {
        Box::pin(async move {
            let result = self.link.ask(&Request::Reload {}).await?;
            Ok(result["text"].as_str().unwrap_or("reloaded").to_owned())
        })
    }

    fn reload_and_tell(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let told = self
                .reload()
                .await
                .unwrap_or_else(|error| format!("not reloaded: {}", causes(error.as_ref())));
            to_stderr(&format!("{told}\n"));
        })
    }

    fn status(&self) -> BoxFuture<'_, anyhow::Result<String>> {
        Box::pin(async move { Ok(status_lines(&self.link.ask(&Request::Status {}).await?)) })
    }

    fn open<'a>(&'a self, wanted: Option<&'a str>) -> BoxFuture<'a, anyhow::Result<Session>> {
        Box::pin(async move {
            let opened = self.opened(Wanted { session: wanted, ..Wanted::default() }).await?;
            if let (Some(wanted), true) = (wanted, opened.fresh) {
                to_stderr(&format!("note: new session {wanted:?}\n"));
            }
            Ok(opened.session)
        })
    }

    fn begin<'a>(
        &'a self,
        name: Option<&'a str>,
        old: &'a Session,
    ) -> BoxFuture<'a, anyhow::Result<Session>> {
        Box::pin(async move {
            let wanted = Wanted { session: name, fresh: true, instead: Some(old), model: None };
            Ok(self.opened(wanted).await?.session)
        })
    }

    fn sessions(&self, limit: usize) -> BoxFuture<'_, anyhow::Result<Vec<Session>>> {
        Box::pin(async move { Ok(self.link.sessions(u32::try_from(limit).unwrap_or(u32::MAX)).await?) })
    }

    fn resume<'a>(
        &'a self,
        wanted: &'a str,
        messages: usize,
        colour: Colour,
    ) -> BoxFuture<'a, anyhow::Result<(Session, String)>> {
        Box::pin(async move {
            let limit = u32::try_from(messages).unwrap_or(u32::MAX);
            let (session, last) = self.link.transcript(wanted, limit).await?;
            Ok((session, transcript(&last, colour)))
        })
    }

    fn tools<'a>(&'a self, session: &'a Session, colour: Colour) -> BoxFuture<'a, anyhow::Result<String>> {
        Box::pin(async move { Ok(tool_table(&self.link.tools(session.id.as_str()).await?, colour)) })
    }

    fn model<'a>(
        &'a self,
        session: &'a Session,
        chosen: Option<&'a str>,
    ) -> BoxFuture<'a, anyhow::Result<String>> {
        Box::pin(async move {
            let wanted = Wanted { session: Some(session.id.as_str()), model: chosen, ..Wanted::default() };
            Ok(self.opened(wanted).await?.model)
        })
    }

    fn greeting(&self) -> String {
        self.greeting.clone()
    }
}

impl Remote {
    /// What a command says.
    async fn told(&self, request: &Request) -> Result<String, LinkError> {
        let mut answers = self.link.request(request).await?;
        let mut text = String::new();
        loop {
            match answers.next().await? {
                Answer::Event { event: crate::domain::event::TurnEvent::Text { delta } } => {
                    text.push_str(&delta)
                }
                Answer::Approval { id, request, .. } => {
                    let answer = match &self.approver {
                        Some(approver) => approver.ask(&request).await,
                        None => None,
                    };
                    let answer = answer.unwrap_or(crate::domain::approval::Approval::No);
                    self.link.ask(&Request::Approval { id, answer }).await?;
                }
                Answer::Done { .. } => return Ok(text),
                _ => {}
            }
        }
    }
}

/// How a daemon is, a fact a line.
fn status_lines(status: &serde_json::Value) -> String {
    let facts = status.as_object().into_iter().flatten().filter(|(_, value)| match value {
        serde_json::Value::Null => false,
        serde_json::Value::Array(items) => !items.is_empty(),
        serde_json::Value::Object(fields) => !fields.is_empty(),
        _ => true,
    });
    facts
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name:<14} {}\n", crate::front::printable(text)),
            None => format!("{name:<14} {value}\n"),
        })
        .collect()
}

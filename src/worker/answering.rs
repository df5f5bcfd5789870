//! What one worker asks, answered: within its task, and with no more trust than a stranger's.

use super::{
    desk::{Asked, MAX_EVENTS, MAX_MODEL_CALLS},
    protocol::{self, Assignment, Ending, Events, Judgement, ModelAnswer, ModelAsked, Printed, Work, action},
};
use crate::{
    domain::{JsonMap, call::ToolCall, chat::ChatRequest, cut::middle, event::TurnEvent, message::Message},
    policy::{Elsewhere, Nested, Verdict},
    quic::protocol::{Kind, Refusal},
    sandbox::{Filter, Output, Streams, clean},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Messages of a worker's conversation that are kept here.
const MAX_MESSAGES: usize = 4_000;
/// Characters of one piece of a command's output that are told while it runs.
const PIECE: usize = 2_000;

/// Answers the requests of one worker.
pub(super) struct Answering<'a> {
    pub(super) nested: &'a dyn Nested,
    pub(super) elsewhere: Elsewhere,
    pub(super) tools: Vec<String>,
    pub(super) assignment: Assignment,
    pub(super) redact: Option<Arc<dyn Filter>>,
    pub(super) state: Mutex<State>,
    /// What its command prints.
    pub(super) printed: tokio::sync::Mutex<Streams>,
}

/// How far it is.
#[derive(Default)]
pub(super) struct State {
    taken: bool,
    conversation: Vec<Message>,
    model_calls: usize,
    events: usize,
    ending: Option<Ending>,
}

impl Answering<'_> {
    /// Answers a request; a worker that is gone does not hear it.
    pub(super) async fn take(&self, asked: Asked) {
        let Asked { action, body, answer } = asked;
        let result = self.answer(&action, body).await;
        let _ = answer.send(result);
    }

    /// How the worker says that its task ended.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.state().ending.take()
    }

    /// What its command printed.
    pub(super) async fn printed(self) -> (Output, Output) {
        self.printed.into_inner().show().await
    }

    async fn answer(&self, action: &str, body: JsonMap) -> Result<Value, Refusal> {
        if self.state().ending.is_some() {
            return Err(Refusal::new(Kind::Forbidden, "the task of this worker is over"));
        }
        match action {
            action::TASK => self.task(),
            action::MODEL => self.model(read(body)?).await,
            action::JUDGE => self.judge(read::<protocol::Asked>(body)?.call).await,
            action::EVENTS => self.events(read(body)?),
            action::OUTPUT => self.output(read(body)?).await,
            action::DONE => {
                self.state().ending = Some(read(body)?);
                Ok(Value::Null)
            }
            other => {
                let other: String = other.chars().take(40).collect();
                Err(Refusal::new(Kind::UnknownType, format!("workers can't ask for {other:?}")))
            }
        }
    }

    fn task(&self) -> Result<Value, Refusal> {
        if std::mem::replace(&mut self.state().taken, true) {
            return Err(Refusal::new(Kind::Forbidden, "this token's task was given out already"));
        }
        self.nested.tell(TurnEvent::Notice { text: format!("a worker begins in {}", self.elsewhere.place) });
        to_value(&self.assignment)
    }

    async fn model(&self, asked: ModelAsked) -> Result<Value, Refusal> {
        let Work::Turn { .. } = self.assignment.work else {
            return Err(Refusal::new(Kind::Forbidden, "this task needs no model"));
        };
        let ModelAsked { system, keep, messages, tools, max_tokens } = asked;
        let conversation = {
            let mut state = self.state();
            state.model_calls += 1;
            if state.model_calls > MAX_MODEL_CALLS {
                let message = format!("a worker may ask its model {MAX_MODEL_CALLS} times");
                return Err(Refusal::new(Kind::Forbidden, message));
            }
            state.conversation.truncate(keep);
            state.conversation.extend(messages);
            if state.conversation.len() > MAX_MESSAGES {
                let message = format!("a worker's conversation has at most {MAX_MESSAGES} messages");
                return Err(Refusal::new(Kind::Forbidden, message));
            }
            state.conversation.clone()
        };
        // Which model answers is not the worker's to choose.
        let request =
            ChatRequest { model: "", system: &system, messages: &conversation, tools: &tools, max_tokens };
        to_value(&ModelAnswer::from(self.nested.ask(request).await))
    }

    async fn judge(&self, call: ToolCall) -> Result<Value, Refusal> {
        if !self.tools.contains(&call.name) {
            let reason = format!("the worker was not given the tool {:?}", middle(&call.name, 100));
            return to_value(&Judgement::Deny { reason });
        }
        to_value(&match self.nested.judge(call, &self.elsewhere).await {
            Verdict::Authorized { call, .. } => Judgement::Allow { args: call.into_inner().args },
            Verdict::Denied { reason, .. } => Judgement::Deny { reason },
            Verdict::Answered { content, .. } => Judgement::Answer { content },
        })
    }

    /// Keeps what a command printed, and shows it to whoever watches.
    async fn output(&self, printed: Printed) -> Result<Value, Refusal> {
        let Work::Command { .. } = self.assignment.work else {
            return Err(Refusal::new(Kind::Forbidden, "this task is no command"));
        };
        let Printed { stream, skipped, data } = printed;
        let bytes = STANDARD.decode(data).map_err(|error| Refusal::new(Kind::Request, error))?;
        let mut streams = self.printed.lock().await;
        streams.skip(stream, skipped).await;
        streams.push(stream, &bytes).await;
        drop(streams);
        let text = clean(&String::from_utf8_lossy(&bytes));
        if !text.trim().is_empty() {
            self.tell(TurnEvent::Notice { text: middle(text.trim_end(), PIECE) });
        }
        Ok(Value::Null)
    }

    /// Tells of a step, unless there were too many.
    fn tell(&self, event: TurnEvent) {
        if self.state().events >= MAX_EVENTS {
            return;
        }
        if let Some(event) = self.shown(event) {
            self.state().events += 1;
            self.nested.tell(event);
        }
    }

    fn events(&self, told: Events) -> Result<Value, Refusal> {
        told.events.into_iter().for_each(|event| self.tell(event));
        Ok(Value::Null)
    }

    /// What others are shown of an event: calls and remarks, short, and without control characters or
    /// secrets. What the worker's model says is in its answer.
    fn shown(&self, event: TurnEvent) -> Option<TurnEvent> {
        let text = |text: String| {
            let text = middle(&clean(&text), self.assignment.output_chars);
            self.redact.as_ref().map_or(text.clone(), |filter| filter.text(text))
        };
        match event {
            TurnEvent::ToolStart { id, name, args } if self.tools.contains(&name) => {
                let shown = Value::Object(args).to_string();
                let fits = shown.chars().count() <= self.assignment.output_chars;
                let args = serde_json::from_str(&text(shown)).ok().filter(|_| fits).unwrap_or_default();
                Some(TurnEvent::ToolStart { id, name, args })
            }
            TurnEvent::ToolEnd { id, name, status, content, duration_ms, .. }
                if self.tools.contains(&name) =>
            {
                let (content, meta) = (text(content), JsonMap::new());
                Some(TurnEvent::ToolEnd { id, name, status, content, meta, duration_ms })
            }
            TurnEvent::Notice { text: said } => {
                Some(TurnEvent::Notice { text: format!("worker: {}", text(said)) })
            }
            _ => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: serde::de::DeserializeOwned>(body: JsonMap) -> Result<T, Refusal> {
    protocol::read(body).map_err(|error| Refusal::new(Kind::Request, error))
}

fn to_value(value: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::new(Kind::Internal, error))
}

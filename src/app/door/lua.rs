//! Lua for the owner's devices, in the live engine.

use super::answer::DoorHandler;
use crate::{
    quic::{
        Peer, Reply,
        protocol::{Answer, Kind, Refusal},
    },
    script::{Limits, Outcome, Sink, name_begins},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long one evaluation may take; giving the request up ends it before.
pub(super) const EVAL_LIMIT: Duration = Duration::from_secs(60);

impl DoorHandler {
    pub(super) async fn eval(&self, peer: &Peer, code: String, reply: Reply) -> Result<Value, Refusal> {
        let _attending = self.questions.attend(peer, None, reply.clone());
        let script = self.app.script();
        let listener = reply.clone();
        let print: Sink = Arc::new(move |line| listener.tell(Answer::Output { text: format!("{line}\n") }));
        let outcome = tokio::select! {
            outcome = script.eval_printing(code, Limits::both(EVAL_LIMIT), print) => outcome,
            // Dropping the evaluation stops the script.
            () = reply.cancelled() => return Err(Refusal::new(Kind::Cancelled, "the evaluation was given up")),
        };
        match outcome {
            Outcome::Values(values) => Ok(json!({ "ok": true, "values": values })),
            Outcome::Incomplete => Ok(json!({ "ok": false, "incomplete": true })),
            Outcome::Error(error) => Ok(json!({ "ok": false, "error": error.to_string() })),
        }
    }

    pub(super) async fn complete(&self, line: &str, at: usize) -> Result<Value, Refusal> {
        let before = line.get(..at).ok_or_else(|| {
            Refusal::new(Kind::Request, format!("complete: `at` is {at}, which is no place in the line"))
        })?;
        let begin = name_begins(before);
        let candidates = self.app.script().complete(&before[begin..]).await;
        Ok(json!({ "begin": begin, "candidates": candidates, "commands": self.app.commands() }))
    }
}

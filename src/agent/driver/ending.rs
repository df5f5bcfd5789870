//! The end of a turn.

use super::Run;
use crate::domain::{
    event::TurnEvent,
    hook::TurnContext,
    outcome::{TurnEnd, TurnOutcome},
    store::{self, TurnStatus},
};
use serde_json::json;

impl Run<'_> {
    pub(super) async fn finish(mut self, mut end: TurnEnd) -> TurnOutcome {
        let status = match &end {
            TurnEnd::Answered(_) => TurnStatus::Done,
            TurnEnd::Cancelled => TurnStatus::Cancelled,
            TurnEnd::Failed { .. } => TurnStatus::Failed,
        };
        if self.begun {
            // Queued behind the messages before these are waited for: all share a commit.
            let memory = self.agent.parts.store.clone();
            let context = self.input.context.clone();
            let closed = memory.end_turn(&context.turn, status);
            let settled = store::delayed_is_fine(self.settle().await);
            if let Err(error) = settled.and(store::delayed_is_fine(closed.await)) {
                end = TurnEnd::Failed { kind: "storage", message: error.to_string() };
            }
        }
        if let TurnEnd::Answered(text) = &mut end {
            *text = self.agent.parts.hooks.reply(std::mem::take(text), &self.input.context).await;
            if self.withheld && !text.is_empty() {
                self.observe(TurnEvent::Text { delta: text.clone() });
            }
        }
        let TurnContext { session, turn, .. } = self.input.context.clone();
        let (rounds, usage, model) =
            (self.machine.rounds(), self.purse.spent(), std::mem::take(&mut self.model));
        let event = match &end {
            TurnEnd::Answered(text) => {
                TurnEvent::Done { session, turn, text: text.clone(), model: model.clone(), usage, rounds }
            }
            TurnEnd::Cancelled => {
                TurnEvent::Failed { session, turn, error: "cancelled".into(), kind: "cancelled", usage }
            }
            TurnEnd::Failed { kind, message } => {
                self.emit("error", || json!({ "kind": kind, "message": message }));
                TurnEvent::Failed { session, turn, error: message.clone(), kind, usage }
            }
        };
        self.emit("turn.end", || {
            json!({ "status": status, "model": model, "rounds": rounds,
                    "usage": { "input": usage.input, "output": usage.output, "total": usage.total(),
                               "usd": usage.usd, "estimated": usage.estimated } })
        });
        self.observe(event);
        TurnOutcome { end, usage, rounds, model }
    }
}

//! Taking up a turn whose program ended while one of its calls waited for somebody's answer.

use super::{
    super::{
        machine::{Action, Input, Turn},
        resumed::Past,
    },
    Run,
};
use crate::domain::{
    call::{INTERRUPTED, ToolCall, ToolResult, ToolStatus},
    event::TurnEvent,
    id::CallId,
    message::Message,
    question::Parked,
    store::StoreError,
};
use serde_json::json;
use std::collections::VecDeque;

impl Run<'_> {
    /// Loads what there is of the turn; what is to be done next. Calls that were begun are not begun
    /// again.
    pub(super) async fn take_up(&mut self) -> Result<VecDeque<Action>, StoreError> {
        let store = self.agent.parts.store.clone();
        let context = self.input.context.clone();
        let Parked { call: waiting, open, usage } = store.take_up(&context.session, &context.turn).await?;
        self.begun = true;
        self.purse.add(usage);
        self.observe(TurnEvent::Start {
            session: context.session.clone(),
            turn: context.turn.clone(),
            model: self.model.clone(),
        });
        let stored = store.context(&context.session).await?;
        // What stands for results that are missing is made up.
        let is_open = |message: &Message| matches!(message, Message::Tool(result) if open.iter().any(|call| call.id == result.call_id));
        let stored: Vec<_> = stored.into_iter().filter(|stored| !is_open(&stored.message)).collect();
        let own = || stored.iter().filter(|stored| stored.turn == context.turn).map(|stored| &stored.message);
        let said = own().find(|message| matches!(message, Message::User { .. })).map_or("", Message::text);
        self.emit("turn.start", || json!({ "text": said, "resumed": true }));
        self.prepare().await;
        let past = Past::of(own());
        for stored in stored {
            self.push(stored.message);
        }
        Ok(self.next_after(past, open, &waiting))
    }

    fn next_after(&mut self, past: Past, open: Vec<ToolCall>, waiting: &CallId) -> VecDeque<Action> {
        let begun = open.iter().position(|call| call.id == *waiting).unwrap_or(open.len());
        self.machine = Turn::resumed(self.input.limits, past, open.clone());
        self.asked_before = Some(waiting.clone());
        let mut actions = VecDeque::new();
        for call in &open[..begun] {
            let result = ToolResult::new(call, ToolStatus::Interrupted, INTERRUPTED);
            actions.extend(self.machine.handle(Input::ToolDone(result)));
        }
        actions.push_back(Action::RunTools(open[begun..].to_vec()));
        actions
    }
}

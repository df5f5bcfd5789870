//! The calls of one answer.

use super::{
    super::{
        account::Account,
        calls::Caller,
        machine::{Action, Input},
    },
    Run,
};
use crate::domain::call::ToolCall;
use futures_util::StreamExt;
use std::{collections::VecDeque, pin::pin};

impl Run<'_> {
    /// Runs all calls; each result is stored as it comes.
    pub(super) async fn run_tools(&mut self, calls: Vec<ToolCall>) -> VecDeque<Action> {
        let parts = self.agent.parts.clone();
        let account =
            Account { purse: self.purse.clone(), budget: self.input.budget, model: self.asking.clone() };
        let policy = self.input.policy.clone();
        let context = self.input.context.clone();
        let observer = self.input.observer.clone();
        let cancel = self.input.cancel.clone();
        let later = self.input.later.clone();
        let later = later.as_deref();
        let caller = Caller {
            parts: &parts,
            policy: &policy,
            context: &context,
            observer: &*observer,
            later,
            account: &account,
        };
        let mut results = pin!(caller.run(calls));
        loop {
            let result = tokio::select! {
                biased;
                // Leaving drops what runs, which stops it.
                () = cancel.cancelled() => return self.machine.handle(Input::Cancel { partial: String::new() }),
                result = results.next() => result,
            };
            let Some(result) = result else { return VecDeque::new() };
            let mut actions = self.machine.handle(Input::ToolDone(result));
            // As long as others run, a result is only to be stored.
            while let Some(Action::Store(message)) = actions.pop_front_if(|a| matches!(a, Action::Store(_))) {
                self.store(message);
            }
            if !actions.is_empty() {
                return actions;
            }
        }
    }
}

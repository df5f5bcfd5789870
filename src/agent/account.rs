//! Model calls of tools, on the account of the turn that runs them.

use super::{budget, cost, parts::Parts, purse::Purse};
use crate::domain::{
    chat::{ChatError, ChatRequest, ChatResponse},
    hook::TurnContext,
    plan::Budget,
    usage::estimate_tokens,
};
use serde_json::json;
use std::sync::Arc;

/// Whose account it is.
#[derive(Debug)]
pub(super) struct Account {
    /// What was spent.
    pub(super) purse: Arc<Purse>,
    /// What may be.
    pub(super) budget: Budget,
    /// The model that answers when none is named.
    pub(super) model: String,
}

impl Account {
    /// Asks a model, if the budget allows it, and counts what it costs.
    pub(super) async fn ask(
        &self,
        parts: &Parts,
        context: &TurnContext,
        request: ChatRequest<'_>,
    ) -> Result<ChatResponse, ChatError> {
        let model = if request.model.is_empty() { &self.model } else { request.model };
        let facts = parts.llm.facts(model);
        let spent_today = match self.budget.usd_per_day {
            Some(_) => parts.store.spent_today(&context.agent).await,
            None => Ok(0.0),
        };
        let spent_today = spent_today.map_err(|error| ChatError::Config(error.to_string()))?;
        let input =
            estimate_tokens(request.system) + cost::total(request.messages) + cost::tools_cost(request.tools);
        let check = |used| budget::check(&self.budget, &facts, model, used, input, spent_today);
        let (room, _hold) = self.purse.hold(input, check).map_err(ChatError::Config)?;
        let max_tokens = room.into_iter().chain(request.max_tokens).min();
        parts.hooks.tell(context, "llm.start", || json!({ "model": model, "estimated_input": input }));
        let answer = parts.llm.chat(ChatRequest { model, max_tokens, ..request }, &mut |_| ()).await;
        match &answer {
            Ok(response) => {
                self.purse.add(response.usage);
                let spent = parts.store.spend_for(context, &response.model, response.usage);
                if let Err(error) = spent.await {
                    tracing::warn!(%error, "what a tool's model call cost could not be stored");
                }
                let payload = || json!({ "model": response.model, "usage": response.usage });
                parts.hooks.tell(context, "llm.end", payload);
            }
            Err(error) => {
                let payload = || json!({ "model": model, "error": error.to_string() });
                parts.hooks.tell(context, "llm.end", payload);
            }
        }
        answer
    }
}

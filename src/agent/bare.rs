//! Model calls without a turn around them.

use super::{
    budget,
    cost::{tools_cost, total},
};
use crate::domain::{
    chat::{ChatRequest, ModelFacts},
    plan::Budget,
    usage::{Usage, estimate_tokens},
};

/// Says why a call may not be made under the day's budget of an agent; `Ok` gives the most tokens
/// that its answer may have. What a turn may use is no matter of such a call.
pub fn allowance(
    budget: Budget,
    facts: &ModelFacts,
    request: &ChatRequest<'_>,
    spent_today: f64,
) -> Result<Option<u32>, String> {
    let day = Budget { tokens_per_turn: None, ..budget };
    let input = estimate_tokens(request.system) + total(request.messages) + tools_cost(request.tools);
    let room = budget::check(&day, facts, request.model, Usage::default(), input, spent_today)?;
    Ok(match (room, request.max_tokens) {
        (Some(room), Some(wanted)) => Some(room.min(wanted)),
        (room, wanted) => room.or(wanted),
    })
}

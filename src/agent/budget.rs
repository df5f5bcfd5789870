//! Limits of what a turn and a day may cost, checked before each model call.

use crate::domain::{chat::ModelFacts, plan::Budget, usage::Usage};

/// Says why the next call may not be made; `Ok` gives the most tokens that its answer may have.
///
/// `used` is what the turn cost so far, `next_input` the estimated tokens of the request,
/// `spent_today` the agent's dollars since midnight (asked for only when there is a limit).
pub(super) fn check(
    budget: &Budget,
    facts: &ModelFacts,
    model: &str,
    used: Usage,
    next_input: u64,
    spent_today: f64,
) -> Result<Option<u32>, String> {
    let mut room = None;
    if let Some(limit) = budget.tokens_per_turn {
        let needed = used.total().saturating_add(next_input);
        if needed >= limit {
            return Err(format!(
                "this turn has used {} tokens and its next model call needs about {next_input} more, over its \
                 budget of {limit} (budget.tokens_per_turn of the agent). What was done so far is kept: ask again \
                 to go on, or raise the budget",
                used.total()
            ));
        }
        room = Some(u32::try_from(limit - needed).unwrap_or(u32::MAX));
    }
    if let Some(limit) = budget.usd_per_day {
        let Some((input_price, output_price)) = facts.price else {
            return Err(format!(
                "the agent has a budget of ${limit} a day, but the price of {model} is not known: give it in \
                 pista.provider(…, {{ price = {{ input = DOLLARS, output = DOLLARS }} }}), per million tokens"
            ));
        };
        let next = next_input as f64 * input_price / 1e6;
        let left = limit - spent_today - next;
        if left <= 0.0 {
            return Err(format!(
                "the agent has spent ${spent_today:.4} today and the next model call costs about ${next:.4}, over \
                 its budget of ${limit} a day (budget.usd_per_day of the agent). It is renewed at midnight UTC"
            ));
        }
        if output_price > 0.0 {
            // The answer may cost no more than what is left, so that one call can't overrun the day.
            let tokens = (left / output_price * 1e6).min(f64::from(u32::MAX)) as u32;
            room = Some(room.map_or(tokens, |r: u32| r.min(tokens)));
        }
    }
    Ok(room.map(|r| r.max(1)))
}

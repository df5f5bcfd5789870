//! A task for an agent: one turn.

use super::{
    super::protocol::{Ending, Work},
    hooks::{Judges, NoGrants},
    link::Link,
    model::Remote,
    registry,
    store::Forgetful,
    telling::Telling,
};
use crate::{
    agent::{Agent, Parts, TurnInput, TurnLimits},
    domain::{
        approval::Nobody,
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        outcome::{TurnEnd, TurnOutcome},
        plan::{Budget, MAIN},
        rules::{Access, Autonomy, Match, Rule},
    },
    policy::{Executor, Gate, Policy},
    tool::Options,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs the turn; `work` is one.
pub(super) async fn run(link: &Link, work: Work, options: Options, telling: Telling) -> Ending {
    let Work::Turn { text, system, tools, context_window, max_tool_rounds, max_tokens } = work else {
        return Ending::Failed { why: "the task is no turn".into(), rounds: 0 };
    };
    let workspace = options.workspace.clone();
    let registry = registry(options);
    let policy = Policy::new(rules(&registry, &tools), Autonomy::Ask);
    let hooks = Arc::new(Judges(link.clone()));
    let gate = Gate::new(hooks.clone(), Arc::new(Nobody), Arc::new(NoGrants), workspace);
    let agent = Agent::new(Parts {
        llm: Arc::new(Remote { link: link.clone(), context_window, sent: Default::default() }),
        store: Arc::new(Forgetful::default()),
        executor: Arc::new(registry),
        gate: Arc::new(gate),
        hooks,
    });
    let input = TurnInput {
        context: TurnContext {
            session: SessionId::generate(),
            turn: TurnId::generate(),
            agent: MAIN.into(),
            origin: Origin { channel: "worker".into(), user: "worker".into() },
            depth: 0,
        },
        text,
        model: String::new(),
        prompt: system,
        policy,
        // The engine pays, and keeps the budget.
        budget: Budget::default(),
        limits: TurnLimits { max_tool_rounds, max_tokens },
        observer: Arc::new(telling),
        later: None,
        cancel: CancellationToken::new(),
    };
    let TurnOutcome { end, rounds, .. } = agent.turn(input).await;
    match end {
        TurnEnd::Answered(text) => Ending::Answered { text, rounds },
        TurnEnd::Cancelled => Ending::Failed { why: "it was cancelled".into(), rounds },
        TurnEnd::Failed { message, .. } => Ending::Failed { why: message, rounds },
    }
}

/// The tools that were given, and no others. The engine is asked about each call all the same.
fn rules(registry: &dyn Executor, given: &[String]) -> Vec<Rule> {
    let rule = |name: &String| Rule {
        access: if given.contains(name) { Access::Allow } else { Access::Deny },
        matches: Match::Name(name.clone()),
        location: "the task".into(),
    };
    registry.specs().iter().map(|spec| rule(&spec.name)).collect()
}

//! Warnings about channels that strangers can speak on and whose agent may act without asking.

use super::Loaded;
use crate::{
    domain::{
        JsonMap,
        call::ToolCall,
        plan::ChannelSpec,
        rules::{Access, Autonomy, Match, Rule},
        tool::{Effect, ToolSpec},
    },
    gateway::Roster,
    policy::{Policy, title},
};

/// A warning for each channel that is open to others and reaches tools that act.
pub(super) fn warnings(loaded: &Loaded, roster: &Roster, specs: &[ToolSpec]) -> Vec<String> {
    let warning = |spec: &ChannelSpec| {
        let open = openness(spec)?;
        let agent = spec.agent.as_ref().unwrap_or(&loaded.settings.agent);
        let policy = roster.get(agent).ok()?.policy.clone().and(spec.rules.clone());
        let ways = ways(loaded, &policy, specs);
        (!ways.is_empty()).then(|| {
            let (name, location) = (&spec.name, &spec.location);
            let ways = ways.join("; ");
            format!(
                "{location}: the channel {name} is open to {open}, and its agent {agent} may act without asking: {ways}"
            )
        })
    };
    loaded.plan.channels.values().filter_map(warning).collect()
}

/// Who can speak on a channel besides people who are named.
fn openness(spec: &ChannelSpec) -> Option<&'static str> {
    if spec.users.iter().any(|user| user == "*") {
        return Some("everybody (users = { \"*\" })");
    }
    (!spec.authenticates()).then_some("every program of this machine (token = false)")
}

/// What lets a tool act without a person's yes.
fn ways(loaded: &Loaded, policy: &Policy, specs: &[ToolSpec]) -> Vec<String> {
    if policy.autonomy == Autonomy::Auto {
        return vec!["autonomy is \"auto\"".into()];
    }
    let mut ways: Vec<String> = vec![];
    for spec in specs.iter().filter(|spec| spec.effect != Effect::Read) {
        let decision = policy.decide(&ToolCall::new(&spec.name, JsonMap::new()), spec);
        let by_name = decision.rule.filter(|_| decision.access == Access::Allow);
        let by_words = |rule: &&Rule| {
            let Match::Argv { tool, .. } = &rule.matches else { return false };
            rule.access == Access::Allow && *tool == spec.name && decision.access != Access::Deny
        };
        for rule in by_name.into_iter().chain(policy.rules().filter(by_words)) {
            let way = format!("rule {} allows {} ({})", title(&rule.matches), spec.name, rule.location);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    let hooks = loaded.plan.hooks.iter().filter(|hook| hook.point == "tool_call");
    ways.extend(hooks.map(|hook| format!("the tool_call hook at {} decides", hook.location)));
    ways
}

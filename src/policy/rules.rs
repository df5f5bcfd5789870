//! What the rules say to a call.
//!
//! Within one set of rules, the first of these that fits decides:
//!
//! 1. any rule that denies;
//! 2. a rule for exactly these words (`argv`) that asks, then one that allows;
//! 3. a rule for the tool's name that asks;
//! 4. a rule for the tool's name that allows.
//!
//! Of several sets that have something to say (the agent's, a channel's) the strictest counts.
//! Where none has, tools that only look are allowed and tools that act ask. Tools to opt in to are off
//! until a rule of the agent's allows them, or asks, by name: `*` is none.
//!
//! A rule that allows exact words fits narrowly: exactly these words, nothing else that could
//! change what they do. One that asks or denies fits widely: these words, whatever else is given.
//! Neither ever fits a shell string, which no program can judge; a rule by name covers those.

use super::pattern;
use crate::domain::{
    call::ToolCall,
    rules::{Access, Autonomy, Match, Rule},
    tool::{Effect, ToolSpec},
};
use serde_json::Value;

/// What an agent may do in a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    sets: Vec<Vec<Rule>>,
    /// Tools that are of no use now, and so are not offered. Nothing forbids them.
    idle: &'static [&'static str],
    /// What becomes of a call that the rules ask about. Not of one that a hook asks about.
    pub autonomy: Autonomy,
}

/// What the rules say, and which of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<'a> {
    /// What is to be done.
    pub access: Access,
    /// The rule that decided; `None`: the default did.
    pub rule: Option<&'a Rule>,
    /// The tool's effect, by which the default decides.
    effect: Effect,
}

impl Policy {
    /// A policy with an agent's rules.
    pub fn new(rules: Vec<Rule>, autonomy: Autonomy) -> Self {
        Self { sets: vec![rules], idle: &[], autonomy }
    }

    /// Adds another set of rules, as of a channel: the stricter counts.
    pub fn and(mut self, rules: Vec<Rule>) -> Self {
        self.sets.push(rules);
        self
    }

    /// Does not offer these tools: there is nothing to use them for.
    pub fn idling(mut self, tools: &'static [&'static str]) -> Self {
        self.idle = tools;
        self
    }

    /// What the rules say to a call of the tool `spec`.
    pub fn decide(&self, call: &ToolCall, spec: &ToolSpec) -> Decision<'_> {
        let effect = spec.effect;
        let rule = self
            .sets
            .iter()
            .filter_map(|set| {
                set.iter().filter_map(|rule| Some((rank(rule, call)?, rule))).min_by_key(|(r, _)| *r)
            })
            .map(|(_, rule)| rule)
            .max_by_key(|rule| strictness(rule.access))
            .filter(|rule| rule.access == Access::Deny || self.is_on(spec));
        let access = match (rule, effect) {
            (Some(rule), _) => rule.access,
            (None, Effect::Read) => Access::Allow,
            (None, Effect::Act) => Access::Ask,
            (None, Effect::OptIn) => Access::Deny,
        };
        Decision { access, rule, effect }
    }

    /// All rules, in order of declaration.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.sets.iter().flatten()
    }

    /// Whether a tool to opt in to was opted in to, by the agent's own rules: those of a channel only
    /// take away. Other tools always are.
    fn is_on(&self, spec: &ToolSpec) -> bool {
        spec.effect != Effect::OptIn
            || self.sets.iter().take(1).flatten().any(|rule| {
                rule.access != Access::Deny
                    && matches!(&rule.matches, Match::Name(name) if pattern::names(name, &spec.name))
            })
    }

    /// Whether the tool is worth offering to a model: not when its name is denied, it is off,
    /// or it idles.
    pub fn offers(&self, spec: &ToolSpec) -> bool {
        self.is_on(spec)
            && !self.idle.contains(&spec.name.as_str())
            && !self.sets.iter().flatten().any(|rule| {
                rule.access == Access::Deny
                    && matches!(&rule.matches, Match::Name(name) if pattern::matches(name, &spec.name))
            })
    }
}

impl Decision<'_> {
    /// What decided, for a person to read: `rule "fs.*" allows (init.lua:12)`.
    pub fn because(&self) -> String {
        let Some(rule) = self.rule else {
            return match self.effect {
                Effect::Read => "tools that only look are allowed by default".into(),
                Effect::Act => "tools that act ask by default".into(),
                Effect::OptIn => {
                    "this tool is off unless a rule of the agent's allows it, or asks, by its name; \"*\" is no name".into()
                }
            };
        };
        let says = match rule.access {
            Access::Allow => "allows",
            Access::Ask => "asks",
            Access::Deny => "denies",
        };
        format!("rule {} {says} ({})", title(&rule.matches), rule.location)
    }
}

/// The rule's match in the form in which it is written in `init.lua`, nearly.
pub fn title(matches: &Match) -> String {
    match matches {
        Match::Name(name) => format!("{name:?}"),
        Match::Argv { tool, argv } => format!("{tool} {argv:?}"),
    }
}

fn strictness(access: Access) -> u8 {
    match access {
        Access::Allow => 0,
        Access::Ask => 1,
        Access::Deny => 2,
    }
}

/// The rule's place in the order of precedence, lower first; `None` when it does not fit the call.
fn rank(rule: &Rule, call: &ToolCall) -> Option<u8> {
    let fits = match &rule.matches {
        Match::Name(name) => pattern::matches(name, &call.name),
        Match::Argv { tool, argv } => {
            *tool == call.name && same_words(call, argv) && (rule.access != Access::Allow || is_bare(call))
        }
    };
    fits.then_some(match (rule.access, &rule.matches) {
        (Access::Deny, _) => 0,
        (Access::Ask, Match::Argv { .. }) => 1,
        (Access::Allow, Match::Argv { .. }) => 2,
        (Access::Ask, Match::Name(_)) => 3,
        (Access::Allow, Match::Name(_)) => 4,
    })
}

/// Whether the call's `argv` is exactly these words: a list of texts, byte for byte.
fn same_words(call: &ToolCall, argv: &[String]) -> bool {
    let Some(Value::Array(words)) = call.args.get("argv") else { return false };
    !argv.is_empty()
        && words.len() == argv.len()
        && words.iter().zip(argv).all(|(word, wanted)| word.as_str() == Some(wanted))
}

/// Whether nothing in the call but its `argv` bears on what it does. `null` is as good as absent.
pub(super) fn is_bare(call: &ToolCall) -> bool {
    call.invalid.is_none()
        && call.args.iter().all(|(name, value)| match name.as_str() {
            "argv" => true,
            "timeout" => value.is_number() || value.is_null(),
            "cwd" => value.is_null() || value == ".",
            "command" | "env" | "stdin" => value.is_null(),
            // An argument unknown here may mean anything.
            _ => false,
        })
}

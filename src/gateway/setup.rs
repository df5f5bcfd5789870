//! What answers messages: one generation of the configuration, put together.

use super::roster::{AgentEntry, Roster};
use crate::{
    agent::{Agent, TurnLimits},
    domain::{envelope::Origin, hook::Hooks, rules::Rule, store::Sessions},
    policy::{Executor, Gate, Policy},
};
use std::{collections::BTreeMap, sync::Arc};

/// The agents of one generation, and all that they work with.
pub struct Setup {
    /// The generation's number.
    pub generation: u64,
    /// Runs turns.
    pub agent: Agent,
    /// Authorises their calls.
    pub gate: Arc<Gate>,
    /// Who there is.
    pub roster: Roster,
    /// The tools that there are.
    pub tools: Arc<dyn Executor>,
    /// Tool rules of channels, by name.
    pub channels: BTreeMap<String, Vec<Rule>>,
    /// The user's functions.
    pub hooks: Arc<dyn Hooks>,
    /// The conversations.
    pub sessions: Arc<dyn Sessions>,
    /// What bounds a turn.
    pub limits: TurnLimits,
}

impl Setup {
    /// What an agent may do for somebody: the agent's rules and those of the channel.
    pub fn policy(&self, entry: &AgentEntry, origin: &Origin) -> Policy {
        match self.channels.get(&origin.channel) {
            Some(rules) => entry.policy.clone().and(rules.clone()),
            None => entry.policy.clone(),
        }
    }
}

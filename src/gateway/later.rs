//! Turns of an older generation hear of the one in force.

use super::Setup;
use crate::{
    domain::hook::TurnContext,
    policy::{Later, Newer},
};
use arc_swap::ArcSwap;
use std::sync::Arc;

pub(super) struct Current {
    pub(super) current: Arc<ArcSwap<Setup>>,
    /// The generation that the turn began with.
    pub(super) began: u64,
}

impl Later for Current {
    fn newer(&self, context: &TurnContext) -> Option<Newer> {
        if self.current.load().generation == self.began {
            return None;
        }
        let setup = self.current.load_full();
        let policy = setup.roster.get(&context.agent).ok().map(|entry| setup.policy(entry, &context.origin));
        let (generation, tools) = (setup.generation, Arc::clone(&setup.tools));
        Some(Newer { generation, tools, gate: Arc::clone(&setup.gate), policy })
    }
}

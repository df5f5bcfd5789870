//! The agents, ready to work.

use crate::{
    domain::{BoxFuture, hook::TurnContext, plan::Budget},
    policy::Policy,
};
use std::{collections::BTreeMap, sync::Arc};

type PromptFn = dyn Fn(TurnContext) -> BoxFuture<'static, Result<String, String>> + Send + Sync;

/// Makes the index of skills; and tells whether there are any.
pub type IndexFn = dyn Fn() -> BoxFuture<'static, (String, bool)> + Send + Sync;

/// Where an agent's system prompt comes from.
#[derive(Clone)]
pub enum PromptSource {
    /// Always this.
    Text(String),
    /// Made anew for each turn.
    Function(Arc<PromptFn>),
}

impl PromptSource {
    /// The prompt for a turn.
    pub(super) async fn text(&self, context: &TurnContext) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Function(make) => make(context.clone()).await,
        }
    }
}

/// One agent.
#[derive(Clone)]
pub struct AgentEntry {
    /// `provider/model`; empty: the default.
    pub model: String,
    /// Its system prompt.
    pub prompt: PromptSource,
    /// What the prompt says of its skills, looked up anew for each turn.
    pub index: Option<Arc<IndexFn>>,
    /// What it may do.
    pub policy: Policy,
    /// What it may spend.
    pub budget: Budget,
}

impl AgentEntry {
    /// The prompt for a turn, with the index of skills; and whether there are any.
    pub(super) async fn system(&self, context: &TurnContext) -> Result<(String, bool), String> {
        let prompt = self.prompt.text(context).await?;
        let index = match &self.index {
            Some(index) => index().await,
            None => (String::new(), false),
        };
        Ok(match index {
            (index, any) if index.is_empty() => (prompt, any),
            (index, any) => (format!("{prompt}\n\n{index}"), any),
        })
    }
}

/// The agents by name.
#[derive(Clone, Default)]
pub struct Roster(BTreeMap<String, AgentEntry>);

impl Roster {
    /// A roster of these.
    pub fn new(entries: impl IntoIterator<Item = (String, AgentEntry)>) -> Self {
        Self(entries.into_iter().collect())
    }

    /// The agent of that name; the error names those that there are.
    pub fn get(&self, name: &str) -> Result<&AgentEntry, String> {
        self.0.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
            format!("there is no agent {name:?}; init.lua declares: {}", names.join(", "))
        })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

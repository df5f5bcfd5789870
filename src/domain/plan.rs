//! What a configuration declares, as plain data: the result of running an `init.lua`.

use super::{id::HandlerId, rules::Rule, tool::ToolSpec};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Everything that one generation of `init.lua` declared. Validated as a whole before use.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Keys given to `pista.setup`, with where each was given (`file:line`).
    pub settings: Vec<(String, serde_json::Value, String)>,
    /// Declared providers by name.
    pub providers: BTreeMap<String, ProviderSpec>,
    /// Declared agents by name.
    pub agents: BTreeMap<String, AgentSpec>,
    /// Tools written in Lua, in order of declaration.
    pub tools: Vec<LuaTool>,
    /// Hooks, in the order in which they run.
    pub hooks: Vec<Handler>,
    /// Observers, in the order in which they are told.
    pub observers: Vec<Handler>,
}

/// A function attached to a hook point or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The hook point (`prompt`, `tool_call`) or the event (`turn.end`).
    pub point: String,
    /// The function.
    pub id: HandlerId,
    /// Higher runs first; equal ones run in order of declaration. Default 0.
    pub priority: i64,
    /// `file:line` of the function.
    pub location: String,
}

/// A tool whose work is a Lua function.
#[derive(Clone, Debug, PartialEq)]
pub struct LuaTool {
    /// What models see.
    pub spec: ToolSpec,
    /// The function.
    pub handler: HandlerId,
    /// How long it may take.
    pub timeout: Duration,
    /// `file:line` of the declaration.
    pub location: String,
}

/// An agent: a model, a prompt, and what it may do.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSpec {
    /// Its name.
    pub name: String,
    /// `provider/model`; `None`: the default model.
    pub model: Option<String>,
    /// The system prompt.
    pub prompt: Prompt,
    /// Tool rules, in order of declaration.
    pub rules: Vec<Rule>,
    /// Limits of what it may spend.
    pub budget: Budget,
    /// `file:line` of the declaration.
    pub location: String,
}

/// Where a system prompt comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Prompt {
    /// The engine's own.
    #[default]
    Default,
    /// This text.
    Text(String),
    /// A Lua function that returns the text.
    Handler(HandlerId),
}

/// What an agent may spend. Checked before each model call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens, in and out, of one turn.
    pub tokens_per_turn: Option<u64>,
    /// US dollars in a day (UTC), over all sessions of the agent.
    pub usd_per_day: Option<f64>,
}

/// A declared provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderSpec {
    /// Its name: what stands before the slash in `provider/model`.
    pub name: String,
    /// What answers.
    pub kind: ProviderKind,
    /// Names of providers, or `provider/model`, to try when this one fails.
    pub fallback: Vec<String>,
    /// The model when none is named.
    pub model: Option<String>,
    /// The context window in tokens.
    pub context_window: Option<u32>,
    /// US dollars per million input and output tokens.
    pub price: Option<(f64, f64)>,
    /// `file:line` of the declaration; empty for built-in ones.
    pub location: String,
}

/// What answers for a provider.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderKind {
    /// A server that speaks the OpenAI chat completions protocol.
    OpenAi {
        /// The base URL, normally ending in `/v1`.
        base_url: String,
        /// Where the key comes from (`env:NAME`, `file:PATH`, `cmd:COMMAND`), if one is needed.
        api_key: Option<super::secret::SecretRef>,
        /// Overrides of the dialect's flags, and `extra_body`.
        dialect: super::JsonMap,
    },
    /// A Lua function: `chat(request, emit)`.
    Lua {
        /// The function.
        handler: HandlerId,
        /// How long one answer may take.
        timeout: Duration,
    },
}

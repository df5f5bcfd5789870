//! What would become of a call, for a person to ask.

use super::{ConfigError, Flags, Loaded, assemble::assemble, facts, speaking};
use crate::{
    domain::{
        JsonMap,
        approval::Nobody,
        call::ToolCall,
        envelope::Origin,
        hook::{TurnContext, Unclear},
        id::{SessionId, TurnId},
        nearest::nearest,
        tool::ToolSpec,
    },
    llm::Names,
    policy::{Decider, Executor, Explanation, Outlook},
    script::{HookLimits, ScriptHooks},
};
use anyhow::bail;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// The arguments of a call, as a person gives them.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// All of them.
    Named(JsonMap),
    /// A command and its words, which no shell reads.
    Words(Vec<String>),
    /// A text: the tool's `command`, or else the first argument that it needs.
    Text(String),
}

impl Arguments {
    fn named(self, spec: Option<&ToolSpec>) -> anyhow::Result<JsonMap> {
        let (name, value) = match self {
            Self::Named(map) => return Ok(map),
            Self::Words(words) if takes_words(spec) => ("argv", Value::from(words)),
            Self::Words(words) => (main_argument(spec)?, Value::from(words.join(" "))),
            Self::Text(text) => (main_argument(spec)?, Value::from(text)),
        };
        Ok(JsonMap::from_iter([(name.to_owned(), value)]))
    }

    /// A text that no shell would read otherwise than as its words: as those.
    fn as_words(&self, spec: Option<&ToolSpec>) -> Option<Self> {
        let Self::Text(text) = self else { return None };
        let plain = |c: char| c.is_alphanumeric() || " -_./:=,+@%".contains(c);
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        (takes_words(spec) && !words.is_empty() && text.chars().all(plain)).then_some(Self::Words(words))
    }
}

fn takes_words(spec: Option<&ToolSpec>) -> bool {
    // What is said of a tool that isn't there does not depend on its arguments.
    spec.is_none_or(|spec| spec.parameters["properties"].get("argv").is_some())
}

/// The argument that a bare text is meant for.
fn main_argument(spec: Option<&ToolSpec>) -> anyhow::Result<&str> {
    // What is said of a tool that isn't there does not depend on its arguments.
    let Some(spec) = spec else { return Ok("command") };
    if spec.parameters["properties"].get("command").is_some() {
        return Ok("command");
    }
    match spec.parameters["required"][0].as_str() {
        Some(name) => Ok(name),
        None => bail!("{} needs no argument: give those meant as a JSON object", spec.name),
    }
}

/// A call, and who would have it made.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub args: Arguments,
    /// The agent that would make it; `None`: the default one.
    pub agent: Option<String>,
    /// The channel and the person; `None`: the one at this terminal.
    pub origin: Option<Origin>,
}

/// What would become of it.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// The tool.
    pub tool: String,
    /// The arguments.
    pub args: JsonMap,
    /// The agent.
    pub agent: String,
    /// The channel.
    pub channel: String,
    /// The person.
    pub user: String,
    /// The verdict, and the way to it.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Hooks whose opinion cannot be told.
    pub unclear: Vec<Unclear>,
    /// What would become of the same command as words, where that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_words: Option<Outlook>,
}

/// Explains what would become of a call. Nothing runs, nothing is stored, nobody is asked.
///
/// # Errors
/// When the configuration is wrong, or the agent isn't there.
pub async fn explain(flags: Flags, question: Question) -> anyhow::Result<Explained> {
    let live = assemble(Loaded::load(flags).await?, Arc::new(Nobody)).await?;
    let loaded = &live.loaded;
    let origin = question
        .origin
        .unwrap_or_else(|| Origin { channel: "cli".into(), user: facts::user(&loaded.environment) });
    // A channel's agent answers on it.
    let theirs = loaded.plan.channels.get(&origin.channel).and_then(|channel| channel.agent.clone());
    let agent = question.agent.or(theirs).unwrap_or_else(|| loaded.settings.agent.clone());
    let entry = live.setup.roster.get(&agent).map_err(ConfigError::new)?;
    let policy = live.setup.policy(entry, &origin);
    let context = TurnContext {
        session: SessionId::from("explain"),
        turn: TurnId::from("explain"),
        agent,
        origin,
        depth: 0,
    };
    let limits = HookLimits { each: loaded.settings.hook_timeout };
    let hooks = Arc::new(ScriptHooks::new(loaded.script.clone(), &loaded.plan, limits).explaining());
    let specs = live.registry.specs();
    // Models know it by another name than the configuration, and so may a person.
    let tool = Names::of(specs).to_ours(&question.tool);
    let spec = specs.iter().find(|spec| spec.name == tool);
    let words = question.args.as_words(spec);
    let call = ToolCall::new(tool, question.args.named(spec)?);
    let mut explanation = live.setup.gate.explain(&call, spec, &policy, &context, hooks.clone()).await;
    if spec.is_none()
        && let Some(near) = nearest(&call.name, specs.iter().map(|spec| spec.name.as_str()))
    {
        explanation.steps.push(format!("did you mean {near:?}?"));
    }
    let as_words = match words {
        Some(words) => {
            let call = ToolCall::new(call.name.clone(), words.named(spec)?);
            let asked = Arc::new(ScriptHooks::new(loaded.script.clone(), &loaded.plan, limits).explaining());
            let explained = live.setup.gate.explain(&call, spec, &policy, &context, asked).await;
            Some(explained.outlook).filter(|outlook| *outlook != explanation.outlook)
        }
        None => None,
    };
    let unclear = hooks.unclear();
    for Unclear { location, wants } in &unclear {
        explanation.steps.push(format!(
            "what the hook at {location} says cannot be told without running it: it calls {wants}"
        ));
    }
    // It may also change the arguments, which the others then see.
    if let [first, ..] = &unclear[..] {
        explanation.outlook = Outlook::Unclear;
        explanation.by = Decider::Hook;
        explanation.rule = None;
        explanation.location = Some(first.location.clone());
    }
    if let Some(why) = speaking::barred(loaded, &context.origin).await? {
        explanation = explanation.without_a_voice(why);
    }
    let TurnContext { agent, origin, .. } = context;
    // No function of the configuration is told of this end: nothing has happened.
    loaded.script.shutdown().await;
    loaded.memory()?.close().await;
    Ok(Explained {
        tool: call.name,
        args: call.args,
        agent,
        channel: origin.channel,
        user: origin.user,
        explanation,
        unclear,
        as_words,
    })
}

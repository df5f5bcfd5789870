//! The tools there are, by name; and what holds for the result of each.

use super::Tool;
use crate::{
    domain::{
        BoxFuture, arguments,
        call::{ToolCall, ToolResult, ToolStatus},
        nearest::nearest,
        tool::ToolSpec,
    },
    policy::{Authorized, Executor, Objection, Scope},
    sandbox::{Filter, Keep, Limits, fit, keep_whole},
};
use futures_util::FutureExt;
use serde_json::Value;
use std::{any::Any, collections::BTreeMap, panic::AssertUnwindSafe, path::PathBuf, sync::Arc};

/// Bytes of what one result gives to programs, at most.
pub const MAX_DATA: usize = 16 << 20;

/// Why a tool was not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The name could not be used everywhere.
    #[error(
        "{0:?} can't be the name of a tool: it must be words of a-z, 0-9, _ and - with dots between them, \
         and begin with a letter, like \"get-weather\" or \"fs.read\""
    )]
    Name(String),
    /// There is one already.
    #[error("there is already a tool called {0:?}")]
    Duplicate(String),
    /// The arguments aren't described by an object.
    #[error("tool {0:?}: its parameters must be a JSON Schema object")]
    Parameters(String),
}

/// The tools there are. Every result that leaves it is redacted, and cut where it is too long.
#[derive(Clone)]
pub struct ToolRegistry {
    tools: BTreeMap<String, Arc<dyn Tool>>,
    specs: Vec<ToolSpec>,
    limits: Limits,
    keep: Keep,
}

impl ToolRegistry {
    /// A registry without tools. `keep` says where long results go and what redacts them.
    pub fn new(limits: Limits, keep: Keep) -> Self {
        Self { tools: BTreeMap::new(), specs: Vec::new(), limits, keep }
    }

    /// Adds a tool.
    pub fn register(&mut self, tool: Arc<dyn Tool>) -> Result<(), RegisterError> {
        let ToolSpec { name, parameters, .. } = tool.spec();
        if !is_name(name) {
            return Err(RegisterError::Name(name.clone()));
        }
        if self.tools.contains_key(name) {
            return Err(RegisterError::Duplicate(name.clone()));
        }
        if !parameters.is_object() {
            return Err(RegisterError::Parameters(name.clone()));
        }
        self.insert(tool);
        Ok(())
    }

    /// Adds a tool of ours, whose spec is known to be right.
    pub(super) fn insert(&mut self, tool: Arc<dyn Tool>) {
        let spec = tool.spec().clone();
        self.tools.insert(spec.name.clone(), tool);
        // By name, like the tools. A configuration may declare hundreds: they are not gone through for each.
        match self.specs.binary_search_by(|known| known.name.cmp(&spec.name)) {
            Ok(at) => self.specs[at] = spec,
            Err(at) => self.specs.insert(at, spec),
        }
    }

    /// Puts what `stand_in` makes of each tool in its place, under its name.
    pub fn replace(&mut self, stand_in: impl Fn(Arc<dyn Tool>) -> Arc<dyn Tool>) {
        for tool in self.tools.values_mut() {
            *tool = stand_in(Arc::clone(tool));
        }
    }

    /// Runs a call; a panic of the tool's is a result.
    async fn outcome(&self, call: Authorized<ToolCall>, scope: Scope<'_>) -> ToolResult {
        let asked = call.get();
        let mut failed = ToolResult::new(asked, ToolStatus::Error, String::new());
        let tool = match self.of(asked) {
            Ok(tool) => tool,
            Err(problem) => {
                failed.content = problem;
                return failed;
            }
        };
        match AssertUnwindSafe(async { tool.run(call, scope).await }).catch_unwind().await {
            Ok(result) => ToolResult { call_id: failed.call_id, name: failed.name, ..result },
            Err(panic) => {
                failed.content = format!("{} broke down: {}", failed.name, message(&*panic));
                failed
            }
        }
    }

    /// The tool of a call whose arguments fit it; or what is wrong.
    fn of(&self, call: &ToolCall) -> Result<&Arc<dyn Tool>, String> {
        match (self.tools.get(&call.name), &call.invalid) {
            (None, _) => Err(self.unknown(&call.name)),
            (_, Some(sent)) => Err(format!("the arguments must be a JSON object, but are: {sent}")),
            (Some(tool), None) => match arguments::check(&tool.spec().parameters, &call.args) {
                Ok(()) => Ok(tool),
                Err(problem) => Err(format!("{}: {problem}", call.name)),
            },
        }
    }

    fn unknown(&self, name: &str) -> String {
        let names = || self.tools.keys().map(String::as_str);
        let meant =
            nearest(name, names()).map_or_else(|| ".".into(), |name| format!("; did you mean {name:?}?"));
        format!("there is no tool {name:?}{meant} The tools are: {}", names().collect::<Vec<_>>().join(", "))
    }

    async fn finish(&self, mut result: ToolResult) -> ToolResult {
        if let Some(redact) = &self.keep.filter {
            result.content = redact.text(result.content);
            result.data = result.data.map(|data| redacted(data, redact.as_ref()));
        }
        if result.data.as_ref().is_some_and(|data| weight(data) > MAX_DATA) {
            result.data = None;
            result.meta.insert("data_left_out".into(), true.into());
        }
        let output = fit(result.content, &self.limits, &self.keep).await;
        result.content = output.text;
        if output.left_out > 0 {
            result.meta.insert("truncated".into(), true.into());
            result.meta.insert("truncated_bytes".into(), output.left_out.into());
            if let Some(spill) = output.spill {
                result.meta.insert("spill".into(), spill.to_string_lossy().into());
            }
        }
        result
    }
}

impl Executor for ToolRegistry {
    fn specs(&self) -> &[ToolSpec] {
        &self.specs
    }

    fn keep<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Option<PathBuf>> {
        Box::pin(async move {
            let kept = keep_whole(text, &self.keep.dir).await;
            kept.inspect_err(|error| tracing::warn!("a message that was too long could not be kept: {error}"))
                .ok()
        })
    }

    fn objection(&self, call: &ToolCall) -> Option<Objection> {
        match self.of(call) {
            Ok(tool) => tool.objection(&call.args),
            Err(problem) => Some(Objection::Malformed(problem)),
        }
    }

    fn execute<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move { self.finish(self.outcome(call, scope).await).await })
    }
}

/// Data without secrets, in names as in values.
fn redacted(data: Value, redact: &dyn Filter) -> Value {
    match data {
        Value::String(text) => Value::String(redact.text(text)),
        Value::Array(items) => items.into_iter().map(|item| redacted(item, redact)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (redact.text(name), redacted(value, redact))).collect()
        }
        other => other,
    }
}

/// About how many bytes data takes.
fn weight(data: &Value) -> usize {
    const EACH: usize = 8;
    EACH + match data {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    }
}

/// Whether `name` is made of words with dots between them.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('.').all(|word| {
            !word.is_empty()
                && !word.starts_with('-')
                && !word.ends_with('-')
                && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        })
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "it doesn't say why",
    }
}

#[cfg(test)]
mod tests;

//! What is different between two configurations, told in terms of what it means.
//!
//! Places do not count: a function that moved by ten lines is the same function.

mod agents;
mod functions;
mod parts;
mod schedule;
#[cfg(test)]
mod tests;

use super::plan::Plan;
use serde_json::Value;
use std::fmt;

/// How many changes are listed in one line; the others are counted.
const LISTED: usize = 8;
/// Characters of a setting's value that are shown; of a longer one it is only said that it changed.
const VALUE_CHARS: usize = 60;

/// A setting whose value in force is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingChange {
    /// The setting.
    pub key: String,
    /// As shown to a person: no secret in it.
    pub old: Value,
    /// The same.
    pub new: Value,
}

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What is in force at once, each a short phrase: `agent main gains ask system.run`.
    pub changes: Vec<String>,
    /// The settings that a program reads when it starts, and not again.
    pub restart: Vec<String>,
}

impl Diff {
    /// What `new` declares differently, and the settings that changed.
    pub fn between(old: &Plan, new: &Plan, settings: &[SettingChange]) -> Self {
        let mut changes: Vec<String> = settings.iter().map(setting).collect();
        agents::providers(&old.providers, &new.providers, &mut changes);
        agents::agents(&old.agents, &new.agents, &mut changes);
        agents::channels(&old.channels, &new.channels, &mut changes);
        functions::tools(&old.tools, &new.tools, &mut changes);
        functions::handlers(("hook", "hooks"), &old.hooks, &new.hooks, &mut changes);
        functions::handlers(("observer", "observers"), &old.observers, &new.observers, &mut changes);
        agents::sandboxes(&old.sandboxes, &new.sandboxes, &mut changes);
        schedule::jobs(&old.cron, &new.cron, &mut changes);
        functions::commands(&old.commands, &new.commands, &mut changes);
        Self { changes, restart: vec![] }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.restart.is_empty()
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut listed: Vec<String> = self.changes.iter().take(LISTED).cloned().collect();
        if let Some(more) = self.changes.len().checked_sub(LISTED).filter(|more| *more > 0) {
            listed.push(format!("and {more} more"));
        }
        if !self.restart.is_empty() {
            listed.push(format!("needs a restart: {}", self.restart.join(", ")));
        }
        f.write_str(&listed.join("; "))
    }
}

fn setting(change: &SettingChange) -> String {
    let show = |value: &Value| match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (key, old, new) = (&change.key, show(&change.old), show(&change.new));
    let fits = |text: &str| text.chars().count() <= VALUE_CHARS && !text.contains('\n');
    if old != new && fits(&old) && fits(&new) {
        format!("setting {key} {old} → {new}")
    } else {
        format!("setting {key} changed")
    }
}

//! The table of tools.

use super::{ConfigError, Loaded, roster, skills, toolset};
use crate::{
    domain::{cut, rules::Access, rules::Match, tool::ToolSpec},
    front::{self, Colour},
    policy::{Executor, Policy},
};
use std::io::IsTerminal;

/// Characters of a description where there is no terminal that it has to fit into.
const DESCRIPTION_CHARS: usize = 70;
/// Columns of what the policy says.
const ACCESS_COLUMNS: usize = 16;

impl Loaded {
    fn policy(&self) -> Result<Policy, ConfigError> {
        let roster = roster::build(self, "", None);
        roster.get(&self.settings.agent).map(|entry| entry.policy.clone()).map_err(ConfigError::new)
    }

    /// The tools, and what the agent may do with each, as a table.
    pub fn tools_table(&self, colour: Colour) -> anyhow::Result<String> {
        let registry = toolset::registry(self, &skills::shelf(self))?;
        for warning in toolset::warnings(self, &registry) {
            tracing::warn!("{warning}");
        }
        Ok(tools(registry.specs(), &self.policy()?, colour))
    }

    /// The same, each as a line of JSON with the schema of its arguments.
    pub fn tools_json(&self) -> anyhow::Result<Vec<String>> {
        let (registry, policy) = (toolset::registry(self, &skills::shelf(self))?, self.policy()?);
        let line = |spec: &ToolSpec| {
            let mut line = serde_json::to_value(spec)?;
            line["access"] = serde_json::to_value(access(spec, &policy).0)?;
            Ok(line.to_string())
        };
        registry.specs().iter().map(line).collect()
    }
}

/// What a policy says of each tool, one a line.
pub(super) fn tools(specs: &[ToolSpec], policy: &Policy, colour: Colour) -> String {
    let width = specs.iter().map(|s| s.name.len()).max().unwrap_or(0);
    let room = match std::io::stdout().is_terminal() {
        true => front::size().0.saturating_sub(width + ACCESS_COLUMNS + 3).max(20),
        false => DESCRIPTION_CHARS,
    };
    let mut out = String::new();
    for spec in specs {
        let (access, exceptions) = access(spec, policy);
        let (style, word) = match access {
            Access::Allow => ("32", "allow"),
            Access::Ask => ("33", "ask"),
            Access::Deny => ("31", "deny"),
        };
        let more = if exceptions > 0 { format!(" (+{exceptions} exact)") } else { String::new() };
        let word = colour.paint(style, &format!("{:<ACCESS_COLUMNS$}", format!("{word}{more}")));
        out.push_str(&format!("{:<width$}  {word}{}\n", spec.name, cut::title(&spec.description, room)));
    }
    out
}

/// What the policy says of a call of the tool in general, and how many exact commands it names.
pub(super) fn access(spec: &ToolSpec, policy: &Policy) -> (Access, usize) {
    let call = crate::domain::call::ToolCall::new(&spec.name, crate::domain::JsonMap::new());
    let exact =
        policy.rules().filter(|r| matches!(&r.matches, Match::Argv { tool, .. } if *tool == spec.name));
    (policy.decide(&call, spec).access, exact.count())
}

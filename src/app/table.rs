//! The table of tools.

use super::{ConfigError, Loaded, roster, skills, toolset};
use crate::{
    domain::{
        cut,
        rules::{Access, Match},
        tool::{ToolLine, ToolSpec},
    },
    front::{self, Colour},
    policy::{Executor, Policy},
};
use std::sync::Arc;

/// Characters of a description, at most: no terminal is wider.
const DESCRIPTION_CHARS: usize = 400;

impl Loaded {
    fn policy(&self) -> Result<Policy, ConfigError> {
        let roster = roster::build(self, "", None);
        roster.get(&self.settings.agent).map(|entry| entry.policy.clone()).map_err(ConfigError::new)
    }

    /// The tools, and what the agent may do with each, as a table.
    pub fn tools_table(&self, colour: Colour) -> anyhow::Result<String> {
        let registry = toolset::registry(self, &Arc::new(skills::shelf(self)))?;
        for warning in toolset::warnings(self, &registry) {
            tracing::warn!("{warning}");
        }
        Ok(tools(registry.specs(), &self.policy()?, colour))
    }

    /// The same, each as a line of JSON with the schema of its arguments.
    pub fn tools_json(&self) -> anyhow::Result<Vec<String>> {
        let (registry, policy) = (toolset::registry(self, &Arc::new(skills::shelf(self)))?, self.policy()?);
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
    front::tool_table(&lines(specs, policy), colour)
}

/// The same, to be shown elsewhere.
pub(super) fn lines(specs: &[ToolSpec], policy: &Policy) -> Vec<ToolLine> {
    let line = |spec: &ToolSpec| {
        let (access, exact) = access(spec, policy);
        ToolLine {
            name: spec.name.clone(),
            description: cut::title(&spec.description, DESCRIPTION_CHARS),
            access,
            exact,
        }
    };
    specs.iter().map(line).collect()
}

/// What the policy says of a call of the tool in general, and how many exact commands it names.
pub(super) fn access(spec: &ToolSpec, policy: &Policy) -> (Access, usize) {
    let call = crate::domain::call::ToolCall::new(&spec.name, crate::domain::JsonMap::new());
    let exact =
        policy.rules().filter(|r| matches!(&r.matches, Match::Argv { tool, .. } if *tool == spec.name));
    (policy.decide(&call, spec).access, exact.count())
}

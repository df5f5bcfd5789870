//! The table of tools.

use crate::{
    domain::{cut, rules::Access, rules::Match, tool::ToolSpec},
    front::Colour,
    policy::Policy,
};

const DESCRIPTION_CHARS: usize = 70;

/// What a policy says of each tool, one a line.
pub(super) fn tools(specs: &[ToolSpec], policy: &Policy, colour: Colour) -> String {
    let width = specs.iter().map(|s| s.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for spec in specs {
        let (access, exceptions) = access(spec, policy);
        let (style, word) = match access {
            Access::Allow => ("32", "allow"),
            Access::Ask => ("33", "ask"),
            Access::Deny => ("31", "deny"),
        };
        let more = if exceptions > 0 { format!(" (+{exceptions} exact)") } else { String::new() };
        let word = colour.paint(style, &format!("{:<16}", format!("{word}{more}")));
        out.push_str(&format!(
            "{:<width$}  {word}{}\n",
            spec.name,
            cut::title(&spec.description, DESCRIPTION_CHARS)
        ));
    }
    out
}

/// What the policy says of a call of the tool in general, and how many exact commands it names.
pub(super) fn access(spec: &ToolSpec, policy: &Policy) -> (Access, usize) {
    let call = crate::domain::call::ToolCall::new(&spec.name, crate::domain::JsonMap::new());
    let exact = policy.rules().filter(|r| matches!(&r.matches, Match::Argv { tool, .. } if *tool == spec.name));
    (policy.decide(&call, spec).access, exact.count())
}

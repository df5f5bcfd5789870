//! The table of tools.

use super::{Colour, size};
use crate::domain::{cut, rules::Access, tool::ToolLine};
use std::io::IsTerminal;

/// Characters of a description where there is no terminal that it has to fit into.
const DESCRIPTION_CHARS: usize = 70;
/// Columns of what the policy says.
const ACCESS_COLUMNS: usize = 16;

/// What a policy says of each tool, one a line.
pub fn tool_table(tools: &[ToolLine], colour: Colour) -> String {
    let width = tools.iter().map(|tool| tool.name.len()).max().unwrap_or(0);
    let room = match std::io::stdout().is_terminal() {
        true => size().0.saturating_sub(width + ACCESS_COLUMNS + 3).max(20),
        false => DESCRIPTION_CHARS,
    };
    let mut out = String::new();
    for tool in tools {
        let (style, word) = match tool.access {
            Access::Allow => ("32", "allow"),
            Access::Ask => ("33", "ask"),
            Access::Deny => ("31", "deny"),
        };
        let more = if tool.exact > 0 { format!(" (+{} exact)", tool.exact) } else { String::new() };
        let word = colour.paint(style, &format!("{:<ACCESS_COLUMNS$}", format!("{word}{more}")));
        out.push_str(&format!("{:<width$}  {word}{}\n", tool.name, cut::title(&tool.description, room)));
    }
    out
}

//! The reference as a page of the documentation.

use super::{Entry, Parameter, Reference, help::signature, reference};
use std::fmt::Write;

/// `docs/lua.md`.
pub fn page() -> String {
    let reference = reference();
    let mut out = String::from(HEAD);
    for module in &reference.modules {
        section(&mut out, reference, &module.entry);
    }
    out.push_str("\n## Globals\n");
    for function in reference.functions.iter().filter(|f| !f.entry.name.contains('.')) {
        self::function(&mut out, function);
    }
    out.push_str("\n## Types\n");
    for class in &reference.classes {
        let _ = write!(out, "\n### `{}`\n", class.entry.name);
        prose(&mut out, &class.entry);
        if let Some(parent) = &class.parent {
            let _ = write!(out, "\nWith the fields of `{parent}`.\n");
        }
        table(&mut out, "field", &class.fields);
    }
    for alias in &reference.aliases {
        let _ = write!(out, "\n### `{}`\n", alias.entry.name);
        prose(&mut out, &alias.entry);
        let choices: Vec<_> = alias.choices.iter().map(|choice| format!("`{choice}`")).collect();
        let _ = write!(out, "\nOne of {}.\n", choices.join(", "));
    }
    out
}

const HEAD: &str = "# The Lua API\n\n\
    Made from the type files in `lua/pista/_meta/`, which editors read as well: `openpista init` puts them where a\n\
    language server finds them, and `help(\"pista.agent\")` at the prompt shows the same text.\n";

fn section(out: &mut String, reference: &Reference, module: &Entry) {
    let _ = write!(out, "\n## `{}`\n", module.name);
    prose(out, module);
    let within = |entry: &Entry| {
        let rest = entry.name.strip_prefix(&module.name).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| !rest.contains('.'))
    };
    for member in reference.members.iter().filter(|member| within(&member.entry)) {
        let _ = write!(out, "\n### `{}`\n\nA value of type `{}`.\n", member.entry.name, member.kind);
        prose(out, &member.entry);
    }
    for function in reference.functions.iter().filter(|function| within(&function.entry)) {
        self::function(out, function);
    }
}

fn function(out: &mut String, function: &super::Function) {
    let _ = write!(out, "\n### `{}`\n", signature(function));
    prose(out, &function.entry);
    table(out, "argument", &function.parameters);
    for returned in &function.returns {
        let text = if returned.text.is_empty() { String::new() } else { format!(": {}", returned.text) };
        let _ = write!(out, "\nReturns `{}`{text}.\n", returned.kind);
    }
    for overload in &function.overloads {
        let _ = write!(out, "\nAlso `{overload}`.\n");
    }
}

/// Text; what is indented becomes a block of code.
fn prose(out: &mut String, entry: &Entry) {
    let mut code = false;
    if !entry.doc.is_empty() {
        out.push('\n');
    }
    for line in &entry.doc {
        let indented = line.strip_prefix("    ");
        if indented.is_some() && !code {
            out.push_str("```lua\n");
        } else if indented.is_none() && code {
            out.push_str("```\n");
        }
        code = indented.is_some();
        let _ = writeln!(out, "{}", indented.unwrap_or(line));
    }
    if code {
        out.push_str("```\n");
    }
}

fn table(out: &mut String, head: &str, rows: &[Parameter]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(out, "\n| {head} | type | |\n|---|---|---|\n");
    for row in rows {
        let mark = if row.optional { "?" } else { "" };
        let kind = row.kind.replace('|', "\\|");
        let _ = writeln!(out, "| `{}{mark}` | `{kind}` | {} |", row.name, row.text.replace('|', "\\|"));
    }
}

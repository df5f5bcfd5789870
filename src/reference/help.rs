//! Help at the prompt.

use super::{Class, Entry, Function, Reference, reference};
use crate::domain::nearest::nearest;
use std::fmt::Write;

/// What there is to say about `name`, such as `pista.log`, `ask_agent` or `pista.Tool`; of all there is
/// an overview when it is empty.
///
/// # Errors
/// When there is nothing of that name; with the nearest one that there is.
pub fn help(name: &str) -> Result<String, String> {
    let reference = reference();
    let name = name.trim().trim_end_matches("()");
    if name.is_empty() {
        return Ok(overview(reference));
    }
    let prefixed = format!("pista.{name}");
    for name in [name, &prefixed] {
        if let Some(text) = exactly(reference, name) {
            return Ok(text);
        }
    }
    let names: Vec<&str> = names(reference);
    let near = nearest(name, names.iter().copied()).or_else(|| nearest(&prefixed, names.iter().copied()));
    Err(match near {
        Some(near) => format!("help: there is no {name:?}; did you mean {near:?}?"),
        None => format!("help: there is no {name:?}; help() lists what there is"),
    })
}

fn names(reference: &Reference) -> Vec<&str> {
    let entries = reference.modules.iter().map(|module| &module.entry);
    let entries = entries.chain(reference.functions.iter().map(|function| &function.entry));
    let entries = entries.chain(reference.members.iter().map(|member| &member.entry));
    let entries = entries.chain(reference.classes.iter().map(|class| &class.entry));
    let entries = entries.chain(reference.aliases.iter().map(|alias| &alias.entry));
    entries.map(|entry| entry.name.as_str()).collect()
}

fn exactly(reference: &Reference, name: &str) -> Option<String> {
    if let Some(function) = reference.functions.iter().find(|f| f.entry.name == name) {
        return Some(self::function(function, reference));
    }
    if let Some(module) = reference.modules.iter().find(|m| m.entry.name == name) {
        return Some(format!("{}\n\n{}{}", name, text(&module.entry), members(reference, name)));
    }
    if let Some(member) = reference.members.iter().find(|m| m.entry.name == name) {
        return Some(format!("{name}: {}\n\n{}", member.kind, text(&member.entry)));
    }
    if let Some(class) = reference.classes.iter().find(|c| c.entry.name == name) {
        return Some(self::class(class, reference));
    }
    let alias = reference.aliases.iter().find(|a| a.entry.name == name)?;
    Some(format!("{name}: {}\n\n{}", alias.choices.join(" | "), text(&alias.entry)))
}

fn overview(reference: &Reference) -> String {
    let mut out = members(reference, "pista");
    out.push_str(
        "\nhelp(\"pista.setup\") tells more about one of them, help(\"pista.log\") about a module.\n",
    );
    out
}

/// What is directly in a module, a line each.
fn members(reference: &Reference, module: &str) -> String {
    let within = |entry: &Entry| {
        entry
            .name
            .strip_prefix(module)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|r| !r.contains('.'))
    };
    let functions = reference.functions.iter().filter(|f| within(&f.entry)).map(|f| (signature(f), &f.entry));
    let others = reference.members.iter().map(|m| &m.entry).filter(|e| within(e));
    let modules = reference.modules.iter().map(|m| &m.entry).filter(|e| within(e));
    let lines: Vec<_> = functions
        .chain(others.map(|entry| (entry.name.clone(), entry)))
        .chain(modules.map(|entry| (format!("{}.*", entry.name), entry)))
        .collect();
    let width = lines.iter().map(|(left, _)| left.len()).max().unwrap_or(0).min(WIDTH);
    lines.iter().fold(String::new(), |mut out, (left, entry)| {
        let _ = writeln!(out, "  {left:<width$}  {}", sentence(entry));
        out
    })
}

/// Columns that names may take in a list.
const WIDTH: usize = 40;

/// `pista.log.info(message[, fields])`.
pub(super) fn signature(function: &Function) -> String {
    let mut text = format!("{}(", function.entry.name);
    for (index, parameter) in function.parameters.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        match parameter.optional {
            true => _ = write!(text, "[{comma}{}]", parameter.name),
            false => _ = write!(text, "{comma}{}", parameter.name),
        }
    }
    text + ")"
}

/// The first sentence.
fn sentence(entry: &Entry) -> String {
    let paragraph: Vec<&str> =
        entry.doc.iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
    paragraph[..end].to_owned()
}

fn text(entry: &Entry) -> String {
    let mut text = entry.doc.join("\n");
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text
}

fn function(function: &Function, reference: &Reference) -> String {
    let mut out = format!("{}\n\n{}", signature(function), text(&function.entry));
    for parameter in &function.parameters {
        field(&mut out, parameter, reference, 2);
    }
    for returned in &function.returns {
        let _ = writeln!(out, "  returns {} {}", returned.kind, returned.text);
    }
    for overload in &function.overloads {
        let _ = writeln!(out, "  or {overload}");
    }
    out
}

fn class(class: &Class, reference: &Reference) -> String {
    let mut out = format!("{}\n\n{}", class.entry.name, text(&class.entry));
    for parameter in reference.fields(&class.entry.name).unwrap_or_default() {
        field(&mut out, parameter, reference, 2);
    }
    out
}

/// One parameter or field; the fields of a class that it is are listed below it, one level deep.
fn field(out: &mut String, parameter: &super::Parameter, reference: &Reference, indent: usize) {
    let mark = if parameter.optional { "?" } else { "" };
    let line = format!("{}{mark}: {}  {}", parameter.name, parameter.kind, parameter.text);
    let _ = writeln!(out, "{:indent$}{}", "", line.trim_end());
    if indent == 2
        && let Some(fields) = reference.fields(parameter.kind.trim_end_matches('?'))
    {
        for inner in fields {
            field(out, inner, reference, indent + 4);
        }
    }
}

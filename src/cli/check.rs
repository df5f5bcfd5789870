//! `openpista check`.

use super::Exit;
use crate::{
    app::{self, ConfigError, Flags, Item, Kind, Report, block_on},
    domain::causes::causes,
    front::{Colour, printable},
};
use clap::Args;
use serde_json::{Value, json};
use std::{io::Write, path::PathBuf};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The init.lua to check, as by --config
    file: Option<PathBuf>,
    /// List all that it declares, and what would change
    #[arg(long)]
    plan: bool,
    /// As JSON: all of it, or the error
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn main(self, mut flags: Flags) -> anyhow::Result<Exit> {
        flags.config = self.file.or(flags.config);
        let checked = block_on(app::check(flags));
        let mut out = std::io::stdout().lock();
        if self.json {
            let (line, exit) = match checked {
                Ok(report) => {
                    let mut line = json!({ "ok": true });
                    if let (Value::Object(line), Value::Object(report)) =
                        (&mut line, serde_json::to_value(&report)?)
                    {
                        line.extend(report);
                    }
                    (line, Exit::Ok)
                }
                Err(error) if error.downcast_ref::<ConfigError>().is_some() => {
                    let error = causes(error.as_ref());
                    let (file, number) = place(&error).unzip();
                    (json!({ "ok": false, "error": error, "file": file, "line": number }), Exit::Config)
                }
                Err(error) => return Err(error),
            };
            writeln!(out, "{line}")?;
            return Ok(exit);
        }
        let report = checked?;
        for warning in &report.warnings {
            eprintln!("warning: {warning}");
        }
        writeln!(out, "{}", summary(&report))?;
        if self.plan {
            write!(out, "{}", listing(&report, Colour::stdout()))?;
        }
        Ok(Exit::Ok)
    }
}

/// `file:12` in front of a message.
fn place(message: &str) -> Option<(&str, u32)> {
    let mut parts = message.splitn(3, ':');
    let (file, line) = (parts.next()?, parts.next()?.parse().ok()?);
    parts.next().map(|_| (file, line))
}

fn summary(report: &Report) -> String {
    let counted = |kind: &Kind| match kind.items.len() {
        0 => None,
        1 => Some(format!("1 {}", kind.kind)),
        n => Some(format!("{n} {}s", kind.kind)),
    };
    let counts: Vec<_> = report.plan.iter().filter_map(counted).collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    format!("ok: {} declares {counts}; the model is {}", report.init, report.model)
}

fn listing(report: &Report, colour: Colour) -> String {
    let mut out = String::new();
    for kind in report.plan.iter().filter(|kind| !kind.items.is_empty()) {
        out.push_str(&colour.paint("1", &format!("{}s", kind.kind)));
        out.push('\n');
        let width = kind.items.iter().map(|item| item.name.len()).max().unwrap_or(0);
        for item in &kind.items {
            out.push_str(&line(item, width, colour));
        }
    }
    let changes = match &report.changes {
        None => "no other configuration was in force yet".to_owned(),
        Some(changes) => printable(&changes.join("\n  ")),
    };
    format!("{out}{}\n  {changes}\n", colour.paint("1", "changes"))
}

fn line(item: &Item, width: usize, colour: Colour) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "nobody".to_owned(),
        other => other.to_string(),
    };
    let facts = item.facts.iter().map(|(name, value)| format!("{name} {}", text(value)));
    let facts = facts.collect::<Vec<_>>().join(", ");
    let at = colour.paint("2", &item.location);
    let mut out = format!("  {}  {at}", format_args!("{:<width$}", item.name));
    if !facts.is_empty() {
        out.push_str("  ");
        out.push_str(&printable(&facts).replace('\n', " "));
    }
    out.push('\n');
    for rule in &item.rules {
        let access = text(&rule.access);
        let at = colour.paint("2", &rule.location);
        out.push_str(&format!("    {access:<5} {}  {at}\n", printable(&rule.what)));
    }
    out
}

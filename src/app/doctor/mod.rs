//! `openpista doctor`: whether everything is there that a set-up needs, found out by using it.

mod channels;
mod checks;
mod daemon;
mod escapes;
mod ports;
mod promises;
mod providers;
mod tokens;

use super::{Flags, Loaded, sandboxes};
use crate::domain::causes::causes;
use crate::front::Colour;
use serde::Serialize;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and something should be looked at.
    Warn,
    /// It does not work.
    Fail,
    /// There was nothing to check.
    Skip,
}

/// One check, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked: `configuration`, `model`, …
    pub check: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    fn new(check: &'static str, health: Health, seen: impl Into<String>) -> Self {
        Self { check, health, seen: seen.into(), remedy: String::new() }
    }

    fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Health::Ok, seen)
    }

    fn with(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// For a person: a line, and one with the remedy.
    pub fn line(&self, colour: Colour) -> String {
        let (style, word) = match self.health {
            Health::Ok => ("32", "ok"),
            Health::Warn => ("33", "warn"),
            Health::Fail => ("31", "FAIL"),
            Health::Skip => ("2", "skip"),
        };
        let mut line =
            format!("{} {:<14} {}\n", colour.paint(style, &format!("{word:<4}")), self.check, self.seen);
        if !self.remedy.is_empty() {
            line += &format!("     {:<14} → {}\n", "", self.remedy);
        }
        line
    }
}

/// Checks everything, telling each finding as it is made. With `prove`, every escape is attempted, too.
/// The result: whether nothing failed.
pub async fn doctor(flags: Flags, prove: bool, mut tell: impl FnMut(&Finding)) -> bool {
    let mut healthy = true;
    let mut found = |finding: Finding| {
        healthy &= finding.health != Health::Fail;
        tell(&finding);
    };
    let loaded = match Loaded::load(flags).await {
        Ok(loaded) => loaded,
        Err(error) => {
            found(
                Finding::new("configuration", Health::Fail, causes(error.as_ref()))
                    .with("mend it, then run this again; nothing else was checked"),
            );
            return false;
        }
    };
    found(checks::configuration(&loaded));
    found(checks::permissions(&loaded));
    found(checks::approvals(&loaded));
    found(checks::workspace(&loaded));
    found(checks::clock(&loaded));
    for oddity in sandboxes::oddities(&loaded) {
        found(Finding::new("sandboxes", Health::Warn, oddity));
    }
    found(checks::database(&loaded).await);
    found(ports::listen(&loaded));
    let status = daemon::daemon(&loaded, &mut found).await;
    found(checks::model(&loaded).await);
    providers::providers(&loaded, &mut found).await;
    channels::channels(&loaded, status.as_ref(), &mut found).await;
    found(checks::skills(&loaded).await);
    found(checks::wasm(&loaded).await);
    found(checks::docker(&loaded).await);
    if prove {
        escapes::prove(&loaded, &mut found).await;
    }
    loaded.close().await;
    healthy
}

//! Specs that a reload has to pass.

use super::{
    super::{ConfigError, Loaded},
    Case, End, Options, Summary, find, run,
};

/// How many failures are told.
const TOLD: usize = 3;

/// Runs the specs of a configuration that is to be put in force. Asked only where its setting
/// `reload.require_tests` is on.
///
/// # Errors
/// When one fails, there are none, or they can't be run: the configuration in force stays.
pub async fn required(candidate: &Loaded) -> anyhow::Result<Summary> {
    let beside = candidate.located.directory(&candidate.dirs);
    let files = find(&[], beside).map_err(ConfigError::new)?;
    if files.is_empty() {
        let text = format!("reload.require_tests is on, and there are no specs in {}", beside.display());
        return Err(ConfigError::new(text).into());
    }
    let mut failures = vec![];
    let summary = run(candidate, &Options::new(files), &mut |case| failures.extend(told(case))).await?;
    if summary.failed == 0 {
        return Ok(summary);
    }
    let more = failures.len().saturating_sub(TOLD);
    failures.truncate(TOLD);
    let mut text = format!("its specs fail ({summary}): {}", failures.join("; "));
    if more > 0 {
        text += &format!("; and {more} more (openpista test shows them)");
    }
    Err(ConfigError::new(text).into())
}

fn told(case: &Case) -> Option<String> {
    let End::Failed { message, location, .. } = &case.end else { return None };
    let name = if case.names.is_empty() { case.file.clone() } else { case.names.join(" › ") };
    let said = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Some(format!("{location}: {name}: {said}"))
}

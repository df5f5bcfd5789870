//! What of a configuration cannot work on this machine, or reaches further than its user may think,
//! without being an error.

use super::{Loaded, sandboxes, services::cron::zone_here};
use crate::domain::plan::Schedule;
use std::path::Path;

/// All of it, a sentence each.
pub(super) fn all(loaded: &Loaded) -> Vec<String> {
    let mut found: Vec<String> = workspace(loaded).into_iter().collect();
    found.extend(zone(loaded));
    found.extend(sandboxes::oddities(loaded));
    found
}

/// A workspace with more in it than somebody's work.
pub(super) fn workspace(loaded: &Loaded) -> Option<String> {
    let workspace = loaded.workspace();
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (here, shown) = (real(&workspace), workspace.display());
    let remedy = match &loaded.settings.workspace {
        Some(_) => "name a directory below it in `workspace`",
        None => "set `workspace = \"~/work\"`, or start openpista in another directory",
    };
    if here == Path::new("/") {
        return Some(format!("the workspace is /: tools may read and change the whole machine; {remedy}"));
    }
    let home = loaded.dirs.home.as_deref().map(real);
    if home.as_deref() == Some(&here) {
        return Some(format!("the workspace is your home directory, {shown}, with all keys in it; {remedy}"));
    }
    if home.is_some_and(|home| home.starts_with(&here)) {
        return Some(format!("the workspace {shown} has your home directory in it, with all keys; {remedy}"));
    }
    let own = [&loaded.dirs.config, &loaded.dirs.state];
    let around = own.into_iter().find(|dir| here.starts_with(real(dir)))?;
    Some(format!(
        "the workspace {shown} is in {}, which no tool may touch; set `workspace` to another directory",
        around.display()
    ))
}

/// A zone that the machine names and that there is none of, where jobs go by it.
fn zone(loaded: &Loaded) -> Option<String> {
    let goes_by_it =
        loaded.plan.cron.values().any(|job| job.tz.is_none() && matches!(job.schedule, Schedule::Cron(_)));
    zone_here(loaded).problem.filter(|_| goes_by_it)
}

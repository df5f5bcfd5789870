//! Skills, watched: each turn looks for them anew; this tells the person what has changed.

use super::App;
use crate::{
    skill::{Library, Trust},
    watch::Folders,
};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Directories that are watched for skills.
const MAX_PLACES: usize = 1_000;

/// What is known of each skill: its content and whether it is trusted; and of each that is none.
#[derive(Default)]
struct Known {
    skills: BTreeMap<String, (String, Trust)>,
    problems: BTreeMap<PathBuf, String>,
}

impl App {
    /// Tells the person of skills that appear, change or go, as long as it runs.
    pub(super) async fn watch_skills(self, settle: Duration) {
        let mut inputs = self.reloading.inputs.subscribe();
        let mut folders = Folders::new(settle);
        let mut before: Option<Known> = None;
        loop {
            inputs.borrow_and_update();
            let live = self.live.load_full();
            // The one that prompts are made from, so that what is told here holds there at once.
            let shelf = &live.shelf;
            let looking = std::sync::Arc::clone(shelf);
            let places = tokio::task::spawn_blocking(move || looking.places(MAX_PLACES));
            // Listens first and looks then, so that nothing falls between the two.
            folders.listen(places.await.unwrap_or_default());
            match shelf.library().await {
                Ok(library) => {
                    let now = Known::of(&library);
                    match &before {
                        Some(before) => now.since(before).iter().for_each(|line| live.loaded.notify(line)),
                        // What was wrong when the program began; what is inert is told by `skills list`.
                        None => now.problems().for_each(|line| tracing::warn!("{line}")),
                    }
                    before = Some(now);
                }
                Err(error) => tracing::debug!("skills can't be looked for: {error}"),
            }
            drop(live);
            tokio::select! {
                () = folders.changed() => {}
                // They may be looked for elsewhere now.
                told = inputs.changed() => if told.is_err() { return },
            }
        }
    }
}

impl Known {
    fn of(library: &Library) -> Self {
        let skills =
            library.all().map(|skill| (skill.front.name.clone(), (skill.fingerprint.clone(), skill.trust)));
        let problems = library.problems().iter();
        Self {
            skills: skills.collect(),
            problems: problems.map(|problem| (problem.folder.clone(), problem.messages.join("; "))).collect(),
        }
    }

    /// What should be a skill and is none, a line for each.
    fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|(folder, message)| format!("skill in {}: {message}", folder.display()))
    }

    /// What is other than before, a line for each.
    fn since(&self, before: &Self) -> Vec<String> {
        let mut lines = vec![];
        for (name, (content, trust)) in &self.skills {
            if before.skills.get(name).is_some_and(|(known, was)| (known, was) == (content, trust)) {
                continue;
            }
            lines.push(match trust {
                Trust::Shipped => continue,
                Trust::Trusted => format!("skill {name}: as you trust it"),
                Trust::New => {
                    format!("skill {name}: new, and inert until you trust it: openpista skills trust {name}")
                }
                Trust::Changed => format!(
                    "skill {name}: changed, and inert until you trust it again: openpista skills trust {name}"
                ),
            });
        }
        for name in before.skills.keys().filter(|name| !self.skills.contains_key(*name)) {
            lines.push(format!("skill {name}: gone"));
        }
        for (folder, message) in &self.problems {
            if before.problems.get(folder) != Some(message) {
                lines.push(format!("skill in {}: {message}", folder.display()));
            }
        }
        lines
    }
}

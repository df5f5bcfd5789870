//! The skills that there are, and which of them are trusted.

use super::{
    find::{self, MANIFEST, Root},
    front::Front,
    hash::fingerprint,
    shipped::{Files, SHIPPED},
};
use crate::domain::{store::StoreError, trust::TrustStore};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

/// Whether a skill may reach a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It comes with the program.
    Shipped,
    /// The user trusts this very content.
    Trusted,
    /// Nobody has said anything yet.
    New,
    /// Other content was trusted under this name.
    Changed,
}

impl Trust {
    /// Whether the skill may be used.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Shipped | Self::Trusted)
    }
}

/// A skill.
#[derive(Clone, Debug, PartialEq)]
pub struct Skill {
    /// What its `SKILL.md` says.
    pub front: Front,
    /// Its folder; `None`: it comes with the program.
    pub folder: Option<PathBuf>,
    /// Where it was found: `workspace`, `configuration`, `shipped`.
    pub root: &'static str,
    /// The hash of its content; empty for shipped ones.
    pub fingerprint: String,
    /// Whether it may be used.
    pub trust: Trust,
    files: Files,
}

impl Skill {
    /// The bytes of one of its files, if it is there.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        match &self.folder {
            Some(folder) => fs::read(folder.join(name)).ok(),
            None => self.files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.to_vec()),
        }
    }
}

/// A folder that should be a skill and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong, with the line.
    pub message: String,
}

/// All skills that were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    skills: BTreeMap<String, Arc<Skill>>,
    problems: Vec<Problem>,
}

impl Library {
    /// The skills shipped, then those found. Of two with one name the first counts, and the other is a
    /// problem.
    ///
    /// # Errors
    /// When trust can't be looked up.
    pub(super) async fn of(found: &[Found], trust: &dyn TrustStore) -> Result<Self, StoreError> {
        let mut library = SHIPPED_LIBRARY.clone();
        for Found { root, folder, skill } in found {
            let (front, fingerprint) = match skill {
                Ok(skill) => skill,
                Err(message) => {
                    library.problems.push(Problem { folder: folder.clone(), message: message.clone() });
                    continue;
                }
            };
            let trust = match trust.trusted(&front.name).await? {
                Some(known) if known == *fingerprint => Trust::Trusted,
                Some(_) => Trust::Changed,
                None => Trust::New,
            };
            library.add(Skill {
                front: front.clone(),
                folder: Some(folder.clone()),
                root,
                fingerprint: fingerprint.clone(),
                trust,
                files: &[],
            });
        }
        Ok(library)
    }

    fn add(&mut self, skill: Skill) {
        match self.skills.get(&skill.front.name) {
            // The source of one that comes with the program.
            Some(first) if first.folder.is_none() && same(first, &skill) => {}
            Some(first) => {
                let place = match &first.folder {
                    Some(folder) => format!("in {}", folder.display()),
                    None => "and it comes with the program".to_owned(),
                };
                let message = format!("there is a skill {:?} already, {place}", skill.front.name);
                self.problems.push(Problem { folder: skill.folder.unwrap_or_default(), message });
            }
            None => self.add_unless_there(skill),
        }
    }

    fn add_unless_there(&mut self, skill: Skill) {
        self.skills.entry(skill.front.name.clone()).or_insert_with(|| Arc::new(skill));
    }

    /// All skills, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Skill>> {
        self.skills.values()
    }

    /// The skill of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Skill>> {
        self.skills.get(name)
    }

    /// What should be a skill and is none.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn same(shipped: &Skill, other: &Skill) -> bool {
    shipped.files.iter().all(|(name, bytes)| other.file(name).is_some_and(|found| found == *bytes))
}

/// The skills that come with the program.
static SHIPPED_LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut library = Library::default();
    for files in SHIPPED {
        let manifest = files.iter().find(|(name, _)| *name == MANIFEST);
        let text = manifest.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        // A test holds that they can be read.
        if let Ok(front) = Front::parse(text) {
            library.add_unless_there(Skill {
                front,
                folder: None,
                root: "shipped",
                fingerprint: String::new(),
                trust: Trust::Shipped,
                files,
            });
        }
    }
    library
});

/// A folder with a `SKILL.md`, as it is on the disk.
#[derive(Debug)]
pub(super) struct Found {
    root: &'static str,
    folder: PathBuf,
    /// What its `SKILL.md` says, and the hash of its content; or what is wrong.
    skill: Result<(Front, String), String>,
}

/// Looks for skills below each root. Reads every file of each, for its fingerprint.
pub(super) async fn look(roots: &[Root]) -> Vec<Found> {
    let roots = roots.to_vec();
    let look = move || {
        let folders = roots
            .iter()
            .flat_map(|root| find::folders(&root.path).into_iter().map(move |folder| (root.name, folder)));
        folders.map(|(root, folder)| Found { root, skill: read(&folder), folder }).collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn read(folder: &Path) -> Result<(Front, String), String> {
    // The fingerprint first: it refuses links, so that the manifest is really in the folder.
    let fingerprint = fingerprint(folder).map_err(|error| error.to_string())?;
    let bytes = fs::read(folder.join(MANIFEST)).map_err(|error| format!("{MANIFEST}: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{MANIFEST}: is no text in UTF-8"))?;
    Front::parse(&text).map(|front| (front, fingerprint)).map_err(|error| error.to_string())
}

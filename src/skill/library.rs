//! The skills that there are, and which of them are trusted.

use super::{
    find::{self, MANIFEST, Root},
    front::{Front, Remark, normalised},
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
    /// What is odd about it.
    pub remarks: Vec<Remark>,
    /// Its folder; `None`: it comes with the program.
    pub folder: Option<PathBuf>,
    /// Where it was found: `workspace`, `configuration`, `user`, `shipped`.
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

/// A folder that should be a skill and is none, or that can't be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The folder.
    pub folder: PathBuf,
    /// All that is wrong with it, with the lines.
    pub messages: Vec<String>,
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
            let Read { front, remarks, fingerprint } = match skill {
                Ok(skill) => skill,
                Err(messages) => {
                    library.problems.push(Problem { folder: folder.clone(), messages: messages.clone() });
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
                remarks: remarks.clone(),
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
            // A copy: programs install one skill in several places.
            Some(first) if first.folder.is_some() && first.fingerprint == skill.fingerprint => {}
            Some(first) => {
                let place = match &first.folder {
                    Some(folder) => format!("in {}", folder.display()),
                    None => "and it comes with the program".to_owned(),
                };
                let message = format!("there is a skill {:?} already, {place}", skill.front.name);
                self.problems
                    .push(Problem { folder: skill.folder.unwrap_or_default(), messages: vec![message] });
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

    /// The skill of that name, also as its `SKILL.md` spells it.
    pub fn get(&self, name: &str) -> Option<&Arc<Skill>> {
        self.skills.get(name).or_else(|| self.skills.get(&normalised(name)))
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
        let bytes = manifest.map(|(_, bytes)| *bytes).unwrap_or_default();
        // A test holds that they can be read, and that there is nothing to remark on.
        if let Ok((front, remarks)) = Front::parse(bytes, "") {
            library.add_unless_there(Skill {
                front,
                remarks,
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
    /// What it is; or all that is wrong with it.
    skill: Result<Read, Vec<String>>,
}

/// A skill that was read.
#[derive(Debug)]
struct Read {
    front: Front,
    remarks: Vec<Remark>,
    /// The hash of its content.
    fingerprint: String,
}

/// Looks for skills below each root. Reads every file of each, for its fingerprint.
pub(super) async fn look(roots: &[Root]) -> Vec<Found> {
    let roots = roots.to_vec();
    let look = move || roots.iter().flat_map(below).collect();
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn below(root: &Root) -> Vec<Found> {
    let find::Look { found, unclear, .. } = find::look(&root.path);
    let skills = found.into_iter().map(|folder| Found { root: root.name, skill: read(&folder), folder });
    let unclear = unclear.into_iter();
    let unclear = unclear.map(|(folder, why)| Found { root: root.name, folder, skill: Err(vec![why]) });
    skills.chain(unclear).collect()
}

fn read(folder: &Path) -> Result<Read, Vec<String>> {
    // The fingerprint first: it refuses what leads out of the folder.
    let fingerprint = fingerprint(folder).map_err(|error| vec![error.to_string()])?;
    let manifest = find::manifest(folder).and_then(|name| Ok((fs::read(folder.join(&name))?, name)));
    let (bytes, name) = manifest.map_err(|error| vec![format!("{MANIFEST}: {error}")])?;
    let called = folder.file_name().unwrap_or_default().to_string_lossy();
    let told = |remarks: Vec<Remark>| remarks.iter().map(Remark::to_string).collect::<Vec<_>>();
    let (front, mut remarks) = Front::parse(&bytes, &called).map_err(told)?;
    if name != MANIFEST {
        remarks.insert(
            0,
            Remark { line: 1, message: format!("the file is called {name:?}; call it {MANIFEST}") },
        );
    }
    Ok(Read { front, remarks, fingerprint })
}

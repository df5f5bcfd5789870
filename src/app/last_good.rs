//! The last configuration that worked, kept for a start at which the one in force does not.

use super::inputs::Inputs;
use crate::{
    config::{FormerName, portable},
    script::Texts,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The directory in the state directory.
const DIRECTORY: &str = "last-good";
/// Hex digits of the configuration's name's hash that name a file.
const NAME_DIGITS: usize = 16;

/// A copy of the sources of one configuration, in one file so that it is whole or not there.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LastGood {
    /// Which configuration it is: what it is known by. Older versions: the path of its `init.lua`.
    init: String,
    /// Text by path, relative to the directory of its `init.lua` where that is above.
    files: BTreeMap<PathBuf, String>,
}

/// The configuration that a copy is kept for.
pub(super) struct Kept {
    /// What it is known by.
    pub(super) name: String,
    /// What it was known by in older versions.
    pub(super) former: Option<FormerName>,
    /// Its `init.lua`.
    pub(super) init: PathBuf,
}

impl Kept {
    fn directory(&self) -> &Path {
        self.init.parent().unwrap_or(Path::new("/"))
    }
}

impl LastGood {
    /// A copy of what was read for a configuration.
    pub(super) fn of(kept: &Kept, inputs: &Inputs) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let directory = kept.directory();
        let files = inputs.texts().into_iter();
        let files = files.map(|(path, bytes)| (portable(&path, directory), text(&bytes))).collect();
        Self { init: kept.name.clone(), files }
    }

    /// Replaces the copy that was kept before. Nobody but the user can read it.
    pub(super) fn keep(&self, state: &Path) -> io::Result<()> {
        let (path, copy) = (place(state, &self.init), serde_json::to_vec(self)?);
        if fs::read(&path).is_ok_and(|kept| kept == copy) {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(state.join(DIRECTORY))?;
        // Not by a process id: in another PID namespace another program may have the same.
        let new = path.with_extension(format!("{}.new", ulid::Ulid::generate()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let written =
            file.write_all(&copy).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // What is half written is of no use; the error tells what happened.
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// The copy of a configuration, if there is one that can be read. That of an older version counts where
    /// there is no other.
    pub(super) fn find(state: &Path, wanted: &Kept) -> Option<Self> {
        let by_name = read(&place(state, &wanted.name)).filter(|kept| kept.init == wanted.name);
        by_name.or_else(|| Self::former(state, wanted))
    }

    /// The copy that an older version kept, here or before the home moved.
    fn former(state: &Path, wanted: &Kept) -> Option<Self> {
        let path = wanted.init.to_string_lossy();
        let end = wanted.former.as_ref().and_then(|former| former.end.as_deref());
        let is_it = |init: &str| {
            init == path || end.is_some_and(|end| init.ends_with(end) && !Path::new(init).exists())
        };
        let entries = fs::read_dir(state.join(DIRECTORY)).ok()?.flatten();
        let found = entries.filter_map(|entry| read(&entry.path())).find(|kept| is_it(&kept.init))?;
        let directory = Path::new(&found.init).parent().unwrap_or(Path::new("/"));
        let files = found.files.iter().map(|(path, text)| (portable(path, directory), text.clone()));
        Some(Self { init: wanted.name.clone(), files: files.collect() })
    }

    /// What was in the files, by the paths that they would have now.
    pub(super) fn texts(&self, wanted: &Kept) -> Texts {
        let directory = wanted.directory();
        // Joining leaves absolute paths as they are.
        let now = |path: &PathBuf| directory.join(path);
        self.files.iter().map(|(path, text)| (now(path), text.as_bytes().into())).collect()
    }
}

fn read(path: &Path) -> Option<LastGood> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn place(state: &Path, name: &str) -> PathBuf {
    let hash = Sha256::digest(name.as_bytes());
    let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    state.join(DIRECTORY).join(format!("{}.json", &name[..NAME_DIGITS]))
}

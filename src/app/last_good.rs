//! The last configuration that worked, kept for a start at which the one in force does not.

use super::inputs::Inputs;
use crate::script::Texts;
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
/// Hex digits of the path's hash that name a file.
const NAME_DIGITS: usize = 16;

/// A copy of the sources of one configuration, in one file so that it is whole or not there.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LastGood {
    /// Which configuration it is: the path of its `init.lua`.
    init: PathBuf,
    /// Text by path.
    files: BTreeMap<PathBuf, String>,
}

impl LastGood {
    /// A copy of what was read for the `init.lua` at a path.
    pub(super) fn of(init: &Path, inputs: &Inputs) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let files = inputs.texts().into_iter().map(|(path, bytes)| (path, text(&bytes))).collect();
        Self { init: init.to_owned(), files }
    }

    /// Replaces the copy that was kept before. Nobody but the user can read it.
    pub(super) fn keep(&self, state: &Path) -> io::Result<()> {
        let (path, copy) = (place(state, &self.init), serde_json::to_vec(self)?);
        if fs::read(&path).is_ok_and(|kept| kept == copy) {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(state.join(DIRECTORY))?;
        let new = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let written =
            file.write_all(&copy).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            // What is half written is of no use; the error tells what happened.
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// The copy of the configuration whose `init.lua` is at this path, if there is one that can be read.
    pub(super) fn find(state: &Path, init: &Path) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&fs::read(place(state, init)).ok()?).ok()?;
        (kept.init == init).then_some(kept)
    }

    /// What was in the files.
    pub(super) fn texts(&self) -> Texts {
        self.files.iter().map(|(path, text)| (path.clone(), text.as_bytes().into())).collect()
    }
}

fn place(state: &Path, init: &Path) -> PathBuf {
    let hash = Sha256::digest(init.as_os_str().as_encoded_bytes());
    let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    state.join(DIRECTORY).join(format!("{}.json", &name[..NAME_DIGITS]))
}

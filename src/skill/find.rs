//! Where skills are: every folder with a `SKILL.md`, below a root.

use super::hash::files;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How deep below a root skills are looked for.
pub const MAX_DEPTH: usize = 5;
/// How many entries of directories are looked at in one root.
pub const MAX_ENTRIES: usize = 20_000;
/// How many skills are taken from one root.
pub const MAX_SKILLS: usize = 500;

/// The file that makes a folder a skill.
pub(super) const MANIFEST: &str = "SKILL.md";
/// Folders with other people's code, where nobody keeps skills.
const PASSED_OVER: &[&str] = &["node_modules", "target", "vendor", "__pycache__"];

/// A directory below which skills are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The directory.
    pub path: PathBuf,
    /// What it is, for lists: `workspace`, `configuration`.
    pub name: &'static str,
}

/// The folders with a `SKILL.md` below `root`, sorted. Hidden folders and links are passed over: a
/// link may lead anywhere. A skill's own folders are not searched.
pub(super) fn folders(root: &Path) -> Vec<PathBuf> {
    look(root).0
}

/// The directories below `root` in which a skill, or a file of one, could appear, those higher up first.
pub(super) fn places(root: &Path) -> Vec<PathBuf> {
    let (found, mut looked) = look(root);
    for folder in found {
        let files = files(&folder).unwrap_or_default();
        let below = files.iter().filter_map(|file| file.parent()).map(|below| folder.join(below));
        looked.extend(below.chain([folder.clone()]));
    }
    looked
}

/// The folders with a `SKILL.md`, and the others that were looked into.
fn look(root: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut found, mut looked) = (vec![], vec![]);
    let mut entries = 0;
    let mut level = vec![root.to_owned()];
    for _ in 0..=MAX_DEPTH {
        let mut next = vec![];
        for folder in level {
            // Not by what it is, so that a broken link is told as a problem later.
            if fs::symlink_metadata(folder.join(MANIFEST)).is_ok() {
                found.push(folder);
                continue;
            }
            let Ok(listing) = fs::read_dir(&folder) else { continue };
            looked.push(folder);
            for entry in listing.flatten() {
                entries += 1;
                if entries > MAX_ENTRIES || found.len() >= MAX_SKILLS {
                    tracing::debug!(root = %root.display(), "too much to look for skills in: the rest is left out");
                    found.sort();
                    return (found, looked);
                }
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
                    next.push(entry.path());
                }
            }
        }
        level = next;
    }
    found.sort();
    (found, looked)
}

//! Where skills are: every folder with a `SKILL.md`, below a root.

use super::hash::files;
use std::{
    collections::{HashSet, VecDeque},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// How deep below a root skills are looked for.
pub const MAX_DEPTH: usize = 5;
/// How deep below a linked directory skills are looked for.
pub const MAX_LINKED_DEPTH: usize = 2;
/// How many entries of directories are looked at in one root.
pub const MAX_ENTRIES: usize = 20_000;
/// How many skills are taken from one root.
pub const MAX_SKILLS: usize = 500;

/// The file that makes a folder a skill.
pub(super) const MANIFEST: &str = "SKILL.md";
/// Below hidden folders, such as `.agents` and `.claude`, skills are in this one.
const SKILLS: &str = "skills";
/// Folders with other people's code, where nobody keeps skills.
const PASSED_OVER: &[&str] = &["node_modules", "target", "vendor", "__pycache__", "site-packages"];

/// A directory below which skills are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The directory.
    pub path: PathBuf,
    /// What it is, for lists: `workspace`, `configuration`, `user`.
    pub name: &'static str,
}

/// What is found below a root.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The folders with a `SKILL.md`, sorted.
    pub(super) found: Vec<PathBuf>,
    /// Directories of which it can't be told whether skills are in them, and why.
    pub(super) unclear: Vec<(PathBuf, String)>,
    /// The other directories that were looked into, those higher up first.
    looked: Vec<PathBuf>,
}

/// Looks below `root`. Links to directories are followed, to a smaller depth and after everything else;
/// a directory is looked into once, by whatever way it is reached, so that loops end. Hidden directories
/// are passed over but for their `skills`. A skill's own folders are not searched.
pub(super) fn look(root: &Path) -> Look {
    let mut walk = Walk { look: Look::default(), seen: HashSet::new(), entries: 0, links: VecDeque::new() };
    walk.all(root);
    walk.look.found.sort();
    walk.look
}

/// The directories below `root` in which a skill, or a file of one, could appear, those higher up first.
pub(super) fn places(root: &Path) -> Vec<PathBuf> {
    let Look { found, looked: mut places, .. } = look(root);
    for folder in found {
        let files = files(&folder).unwrap_or_default();
        let below = files.iter().filter_map(|file| file.path.parent()).map(|below| folder.join(below));
        places.extend(below.chain([folder.clone()]));
        // The place of what a linked folder leads to.
        places.extend(folder.canonicalize().ok().filter(|real| *real != folder));
    }
    places
}

struct Walk {
    look: Look,
    /// Device and number of each directory that was looked into.
    seen: HashSet<(u64, u64)>,
    entries: usize,
    /// Linked directories, for later.
    links: VecDeque<PathBuf>,
}

/// There is more below the root than is looked at.
struct Full;

impl Walk {
    fn all(&mut self, root: &Path) {
        let mut end = self.below(root.to_owned(), MAX_DEPTH);
        while end.is_ok()
            && let Some(link) = self.links.pop_front()
        {
            end = self.below(link, MAX_LINKED_DEPTH);
        }
        if end.is_err() {
            let message = format!(
                "more than {MAX_ENTRIES} entries or {MAX_SKILLS} skills: skills further down are not found; keep them \
                 in {} or beside init.lua",
                root.join(SKILLS).display()
            );
            self.look.unclear.push((root.to_owned(), message));
        }
    }

    /// Looks into a directory and those below it, level by level.
    fn below(&mut self, top: PathBuf, depth: usize) -> Result<(), Full> {
        let mut level = vec![top];
        for _ in 0..=depth {
            let mut next = vec![];
            for folder in level {
                self.folder(&folder, &mut next)?;
            }
            level = next;
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, next: &mut Vec<PathBuf>) -> Result<(), Full> {
        let listing = fs::metadata(folder).and_then(|meta| Ok((meta, fs::read_dir(folder)?)));
        let (meta, listing) = match listing {
            Ok(both) => both,
            Err(error) => {
                self.unreadable(folder, &error);
                return Ok(());
            }
        };
        if !self.seen.insert((meta.dev(), meta.ino())) {
            return Ok(());
        }
        let (mut folders, mut links) = (vec![], vec![]);
        for entry in listing.flatten() {
            self.entries += 1;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Also a link that is broken, which is told as a problem later.
            if name.eq_ignore_ascii_case(MANIFEST) {
                self.look.found.push(folder.to_owned());
                return if self.look.found.len() > MAX_SKILLS { Err(Full) } else { Ok(()) };
            }
            if self.entries > MAX_ENTRIES {
                return Err(Full);
            }
            let Ok(kind) = entry.file_type() else { continue };
            let path = match name.strip_prefix('.') {
                None => entry.path(),
                Some("git") => continue,
                Some(_) => entry.path().join(SKILLS),
            };
            if kind.is_file() || PASSED_OVER.contains(&&*name) {
                continue;
            }
            if kind.is_symlink() || fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
                links.push(path);
            } else if kind.is_dir() {
                folders.push(path);
            }
        }
        folders.sort();
        links.sort();
        self.look.looked.push(folder.to_owned());
        next.extend(folders);
        self.links.extend(links);
        Ok(())
    }

    /// What is not there, or no directory, is nothing. A link that leads nowhere tells only where skills
    /// are kept: elsewhere it is somebody else's affair.
    fn unreadable(&mut self, folder: &Path, error: &io::Error) {
        let is_link = fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_symlink());
        let among_skills = folder.parent().is_some_and(|parent| parent.ends_with(SKILLS));
        match error.kind() {
            io::ErrorKind::NotADirectory => {}
            io::ErrorKind::NotFound if is_link && among_skills => {
                let to = fs::read_link(folder).unwrap_or_default();
                let message = format!("is a link to {}, which is not there", to.display());
                self.look.unclear.push((folder.to_owned(), message));
            }
            io::ErrorKind::NotFound => {}
            _ if among_skills || folder.ends_with(SKILLS) => {
                self.look.unclear.push((folder.to_owned(), format!("can't be looked into: {error}")));
            }
            _ => tracing::debug!(folder = %folder.display(), "can't be looked into for skills: {error}"),
        }
    }
}

/// The name of the manifest in a folder: `SKILL.md`, or in other letters where that is not there.
pub(super) fn manifest(folder: &Path) -> io::Result<String> {
    let mut names = vec![];
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let exact = names.iter().find(|name| *name == MANIFEST);
    let other = || names.iter().find(|name| name.eq_ignore_ascii_case(MANIFEST));
    exact
        .or_else(other)
        .cloned()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "is not there any more"))
}

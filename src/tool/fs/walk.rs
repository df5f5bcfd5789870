//! Walking a directory, in the order of names, past nothing that is protected.

use super::{
    Bounds, FsError,
    protected::{Access, Rules},
    real::real_path,
};
use cap_std::fs::{Dir, DirEntry, FileType};
use std::{io, ops::ControlFlow, os::fd::AsFd, path::Path};

/// Entries of one directory that are looked at.
const MAX_IN_DIRECTORY: usize = 50_000;

/// Marks a directory whose content can be made anew, such as that of a build.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// What a walk comes by.
pub(super) struct Step<'a> {
    /// Beneath the beginning, with slashes.
    pub(super) path: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: FileType,
    pub(super) entry: &'a DirEntry,
}

/// How to walk.
pub(super) struct Walk<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) bounds: &'a Bounds,
    /// Levels below the beginning; 1 is the directory itself.
    pub(super) depth: usize,
    /// Whether names that begin with a dot are shown.
    pub(super) hidden: bool,
    /// Whether caches, `node_modules` and `.git` are left out.
    pub(super) skip_caches: bool,
    /// What was passed by, for the reply.
    pub(super) skipped: Vec<String>,
    /// Whether a directory had too many entries.
    pub(super) too_many: bool,
}

type Visit<'v> = dyn FnMut(Step<'_>) -> Result<ControlFlow<()>, FsError> + 'v;

impl Walk<'_> {
    /// Goes through `dir`, whose path beneath the beginning is `prefix` (empty, or ending in a slash).
    pub(super) fn go(
        &mut self,
        dir: &Dir,
        prefix: &str,
        level: usize,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, FsError> {
        let wrong = |source| FsError::Io { path: prefix.to_owned(), source };
        let real = real_path(dir.as_fd()).map_err(wrong)?;
        let mut entries = Vec::new();
        let listing = match dir.entries() {
            Ok(listing) => listing,
            // One directory that can't be read does not hide all the others.
            Err(_) if level > 1 => {
                self.skipped.push(format!("{prefix} (can't be read)"));
                return Ok(ControlFlow::Continue(()));
            }
            Err(error) => return Err(wrong(error)),
        };
        for entry in listing {
            self.bounds.check()?;
            if entries.len() == MAX_IN_DIRECTORY {
                self.too_many = true;
                break;
            }
            let entry = entry.map_err(wrong)?;
            entries.push((entry.file_name().to_string_lossy().into_owned(), entry));
        }
        if self.skip_caches && level > 1 && entries.iter().any(|(name, _)| name == CACHE_TAG) {
            self.skipped.push(prefix.to_owned());
            return Ok(ControlFlow::Continue(()));
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (name, entry) in entries {
            self.bounds.check()?;
            if self.step(&real, prefix, &name, &entry, level, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn step(
        &mut self,
        parent: &Path,
        prefix: &str,
        name: &str,
        entry: &DirEntry,
        level: usize,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>, FsError> {
        let onwards = Ok(ControlFlow::Continue(()));
        if !self.hidden && name.starts_with('.') {
            return onwards;
        }
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else { return onwards };
        if self.rules.forbid(&parent.join(entry.file_name()), None, Access::Read).is_some() {
            self.skipped.push(format!("{path} (protected)"));
            return onwards;
        }
        let cache = self.skip_caches && matches!(name, ".git" | "node_modules");
        let entered = kind.is_dir() && !cache && level < self.depth;
        if cache && kind.is_dir() {
            self.skipped.push(format!("{path}/"));
        }
        if visit(Step { path: &path, name, kind, entry })?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if !entered {
            return onwards;
        }
        // What can't be opened, or has become something else, is passed by.
        let Ok(dir) = entry.open_dir() else {
            self.skipped.push(format!("{path}/ (can't be opened)"));
            return onwards;
        };
        match real_path(dir.as_fd()) {
            Ok(real) if self.rules.forbid(&real, None, Access::Read).is_none() => {
                self.go(&dir, &format!("{path}/"), level + 1, visit)
            }
            _ => onwards,
        }
    }

    /// What was passed by, for a person to read; at most a few.
    pub(super) fn skipped(&self) -> Option<String> {
        const NAMED: usize = 5;
        let named = self.skipped.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        match self.skipped.len() {
            0 => None,
            n if n > NAMED => Some(format!("passed by: {named} and {} more", n - NAMED)),
            _ => Some(format!("passed by: {named}")),
        }
    }
}

/// An open directory as a handle.
pub(super) fn directory(file: &cap_std::fs::File) -> io::Result<Dir> {
    Ok(Dir::from_std_file(file.try_clone()?.into_std()))
}

//! Putting a file in its place, all at once or not at all.

use super::{
    FsError, Workspace,
    protected::{Access, Rules},
    real::real_path,
    workspace::{Found, Place, forbid},
};
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, PermissionsExt};
use std::{
    ffi::OsString,
    io::{self, Write},
    os::fd::AsFd,
    path::{Component, Path, PathBuf},
};

/// Which file something was, and in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    dev: u64,
    ino: u64,
    len: u64,
    changed: (i64, i64),
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            dev: MetadataExt::dev(metadata),
            ino: MetadataExt::ino(metadata),
            len: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Where a file goes: a directory that is open, and a name in it.
pub(super) struct Target {
    pub(super) dir: Dir,
    pub(super) name: OsString,
    /// The file that is there now.
    pub(super) existing: Option<Metadata>,
}

impl Workspace {
    /// Writes a file with `content`, in the place of what is there; `expected` is what must be there.
    /// Says whether the file is new. A link is followed, as long as it stays in the workspace.
    pub(super) fn store(
        &self,
        place: &Place<'_>,
        content: &[u8],
        expected: Option<Version>,
    ) -> Result<bool, FsError> {
        let target = self.target(place, &self.rules())?;
        let wrong = |source| self.io(place.given, source);
        let temporary = format!(".openpista-{}.tmp", ulid::Ulid::generate().to_string().to_ascii_lowercase());
        let stored = fill(&target, &temporary, content).map_err(wrong).and_then(|()| {
            if expected.is_some_and(|version| target.version() != Some(version)) {
                return Err(FsError::Changed(place.given.to_owned()));
            }
            target.dir.rename(&temporary, &target.dir, &target.name).map_err(wrong)
        });
        if stored.is_err() {
            let _ = target.dir.remove_file(&temporary);
        }
        stored.map(|()| target.existing.is_none())
    }

    /// An error when nothing may be written there. Makes nothing.
    pub(super) fn may_write(&self, path: &str) -> Result<(), FsError> {
        self.planned(&self.place(path)?, &self.rules()).map(drop)
    }

    /// Opens the directory that the file goes to, and makes it if need be.
    pub(super) fn target(&self, place: &Place<'_>, rules: &Rules<'_>) -> Result<Target, FsError> {
        let wrong = |source| self.io(place.given, source);
        let Planned { dir, missing, name, existing } = self.planned(place, rules)?;
        if missing == Path::new("") {
            return Ok(Target { dir, name, existing });
        }
        dir.create_dir_all(&missing).map_err(wrong)?;
        let dir = dir.open_dir(&missing).map_err(wrong)?;
        // Somebody else may have been quicker.
        let real = real_path(dir.as_fd()).map_err(wrong)?;
        forbid(rules, &real.join(&name), None, Access::Write, place.given)?;
        Ok(Target { dir, name, existing: None })
    }

    /// Where the file would go, once it is clear that nothing on the way is protected.
    fn planned(&self, place: &Place<'_>, rules: &Rules<'_>) -> Result<Planned, FsError> {
        let given = || place.given.to_owned();
        let wrong = |source| self.io(place.given, source);
        let Found::Workspace(root) = place.root else {
            let why = "long results of earlier calls can be read, not written".into();
            return Err(FsError::Protected { path: given(), why });
        };
        let relative = match root.dir.symlink_metadata(&place.relative) {
            Ok(metadata) if metadata.is_symlink() => root.dir.canonicalize(&place.relative).map_err(wrong)?,
            _ => place.relative.clone(),
        };
        let (Some(name), false) = (relative.file_name(), place.given.ends_with('/')) else {
            return Err(FsError::Directory(given()));
        };
        let parent = relative.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let (dir, missing) = nearest_dir(&root.dir, parent).map_err(wrong)?;
        let real = real_path(dir.as_fd()).map_err(wrong)?;
        let existing = match dir.symlink_metadata(name) {
            _ if missing != Path::new("") => None,
            Ok(metadata) => Some(metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(wrong(e)),
        };
        forbid(rules, &real.join(&missing).join(name), existing.as_ref(), Access::Write, place.given)?;
        match &existing {
            Some(m) if m.is_dir() => Err(FsError::Directory(given())),
            Some(m) if !m.is_file() => Err(FsError::Special(given())),
            Some(m) if m.permissions().readonly() => Err(FsError::Protected {
                path: given(),
                why: "its mode says that it is not to be written".into(),
            }),
            _ => Ok(Planned { dir, missing, name: name.to_owned(), existing }),
        }
    }
}

/// Where a file would go.
struct Planned {
    /// The directory that is there.
    dir: Dir,
    /// What is missing below it.
    missing: PathBuf,
    name: OsString,
    existing: Option<Metadata>,
}

/// Opens as much of `parent` as is there; and what is missing of it.
fn nearest_dir(root: &Dir, parent: &Path) -> io::Result<(Dir, PathBuf)> {
    let (mut there, mut missing) = (parent, PathBuf::new());
    loop {
        let at = if there == Path::new("") { Path::new(".") } else { there };
        match (root.open_dir(at), there.parent(), there.components().next_back()) {
            (Ok(dir), ..) => return Ok((dir, missing)),
            (Err(e), Some(above), Some(Component::Normal(last))) if e.kind() == io::ErrorKind::NotFound => {
                missing = Path::new(last).join(missing);
                there = above;
            }
            (Err(e), ..) => return Err(e),
        }
    }
}

impl Target {
    fn version(&self) -> Option<Version> {
        self.dir.symlink_metadata(&self.name).ok().map(|metadata| Version::of(&metadata))
    }
}

/// Writes the temporary file, with the mode of the one that it will replace.
fn fill(target: &Target, temporary: &str, content: &[u8]) -> io::Result<()> {
    let mut file = target.dir.open_with(temporary, OpenOptions::new().write(true).create_new(true))?;
    if let Some(existing) = &target.existing {
        let mode = existing.permissions().mode() & 0o7777;
        file.set_permissions(cap_std::fs::Permissions::from_mode(mode))?;
    }
    file.write_all(content)?;
    file.sync_data()
}

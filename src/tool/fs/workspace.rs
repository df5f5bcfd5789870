//! The workspace as a handle, and how paths are found beneath it.

use super::{
    FsError,
    protected::{Access, Protected, Rules},
    real::real_path,
};
use crate::{domain::JsonMap, tool::Options};
use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt},
};
use serde_json::Value;
use std::{
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

/// What a file operation found or did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// For the model.
    pub text: String,
    /// Facts for programs.
    pub meta: JsonMap,
    /// All of it for programs; `None`: the facts are all there is.
    pub data: Option<Value>,
}

impl Reply {
    pub(super) fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }
}

/// The files that the tools work on. Opens the workspace when first used.
///
/// Its operations block, and are meant for a thread where that is allowed.
#[derive(Debug)]
pub struct Workspace {
    path: PathBuf,
    spill_dir: PathBuf,
    protected: Protected,
    /// Characters that a reply is meant to stay within.
    pub(super) chars: usize,
    root: OnceLock<Root>,
    /// One change at a time, so that none is lost.
    pub(super) changing: Mutex<()>,
}

/// A directory that can't be left.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) dir: Dir,
    pub(super) real: PathBuf,
}

/// A path given by the model, found beneath a root.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// As given.
    pub(super) given: &'a str,
    /// Beneath the root; never empty.
    pub(super) relative: PathBuf,
    pub(super) root: Found<'a>,
}

/// Which root a path is beneath.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Workspace(&'a Root),
    /// Long results of earlier calls: may be read.
    Spill(Root),
}

impl Workspace {
    /// The workspace of `options`, with what is protected in it.
    pub fn new(options: &Options) -> Self {
        Self {
            path: options.workspace.clone(),
            spill_dir: options.spill_dir.clone(),
            protected: Protected::new(&options.protected, &options.unprotected),
            chars: options.output_chars,
            root: OnceLock::new(),
            changing: Mutex::new(()),
        }
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        self.protected.rules()
    }

    /// Finds the root that `path` is beneath. Opens no more than that.
    pub(super) fn place<'a>(&'a self, path: &'a str) -> Result<Place<'a>, FsError> {
        let root = self.root()?;
        let given = Path::new(path);
        let place = |relative: &Path, root| {
            let relative = if relative == Path::new("") { Path::new(".") } else { relative };
            Place { given: path, relative: relative.to_owned(), root }
        };
        if path.is_empty() {
            return Err(FsError::Arguments("the path is empty; \".\" is the workspace itself".into()));
        }
        if path.contains('\0') {
            return Err(FsError::Arguments("the path contains a zero byte, which no path can".into()));
        }
        if given.is_relative() {
            return Ok(place(given, Found::Workspace(root)));
        }
        if let Ok(relative) = given.strip_prefix(&self.spill_dir)
            && let Ok(spill) = Root::open(&self.spill_dir)
        {
            return Ok(place(relative, Found::Spill(spill)));
        }
        match given.strip_prefix(&self.path).or_else(|_| given.strip_prefix(&root.real)) {
            Ok(relative) => Ok(place(relative, Found::Workspace(root))),
            Err(_) => Err(FsError::Outside { path: path.to_owned(), workspace: self.path.clone() }),
        }
    }

    fn root(&self) -> Result<&Root, FsError> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let root = Root::open(&self.path)
            .map_err(|source| FsError::Workspace { path: self.path.clone(), source })?;
        Ok(self.root.get_or_init(|| root))
    }

    /// Opens a file or directory for reading, and sees to it that it isn't protected.
    pub(super) fn open(&self, place: &Place<'_>, rules: &Rules<'_>) -> Result<(File, Metadata), FsError> {
        let wrong = |source| self.io(place.given, source);
        let file = match place.root().dir.open_with(&place.relative, &reading()) {
            Ok(file) => file,
            Err(source) => {
                // That a protected file is not there is nobody's business either.
                if let (io::ErrorKind::NotFound, Found::Workspace(root)) = (source.kind(), &place.root) {
                    forbid(rules, &root.real.join(&place.relative), None, Access::Read, place.given)?;
                }
                return Err(wrong(source));
            }
        };
        let metadata = file.metadata().map_err(wrong)?;
        if let Found::Workspace(_) = place.root {
            let real = real_path(file.as_fd()).map_err(wrong)?;
            forbid(rules, &real, Some(&metadata), Access::Read, place.given)?;
        }
        Ok((file, metadata))
    }

    /// An error when what is there may not be read, or is not there.
    pub(super) fn may_read(&self, path: &str) -> Result<(), FsError> {
        self.open(&self.place(path)?, &self.rules()).map(drop)
    }

    /// As [`Self::open`], for regular files only.
    pub(super) fn open_file(
        &self,
        place: &Place<'_>,
        rules: &Rules<'_>,
    ) -> Result<(File, Metadata), FsError> {
        let (file, metadata) = self.open(place, rules)?;
        match metadata {
            m if m.is_dir() => Err(FsError::Directory(place.given.to_owned())),
            m if !m.is_file() => Err(FsError::Special(place.given.to_owned())),
            _ => Ok((file, metadata)),
        }
    }

    /// Says what an error of the system's means for a path.
    pub(super) fn io(&self, path: &str, source: io::Error) -> FsError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => FsError::NotFound(path),
            io::ErrorKind::NotADirectory => FsError::NotDirectory(path),
            // Opening a socket, or a pipe without a reader.
            _ if matches!(source.raw_os_error(), Some(libc::ENXIO | libc::EOPNOTSUPP)) => {
                FsError::Special(path)
            }
            // Not the system's no, but that of the handle.
            io::ErrorKind::PermissionDenied if source.raw_os_error().is_none() => {
                FsError::Outside { path, workspace: self.path.clone() }
            }
            _ => FsError::Io { path, source },
        }
    }
}

impl Root {
    fn open(path: &Path) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        let real = real_path(dir.as_fd())?;
        Ok(Self { dir, real })
    }
}

impl Place<'_> {
    pub(super) fn root(&self) -> &Root {
        match &self.root {
            Found::Workspace(root) => root,
            Found::Spill(root) => root,
        }
    }
}

/// How files are opened for reading: without waiting for anyone, should it be a pipe or a device.
pub(super) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

/// An error when the file at `real` is protected.
pub(super) fn forbid(
    rules: &Rules<'_>,
    real: &Path,
    metadata: Option<&Metadata>,
    access: Access,
    given: &str,
) -> Result<(), FsError> {
    match rules.forbid(real, metadata.map(|m| (m.dev(), m.ino())), access) {
        Some(why) => Err(FsError::Protected { path: given.to_owned(), why }),
        None => Ok(()),
    }
}

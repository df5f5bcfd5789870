//! Finding the program of a command.

use super::{Command, RunError};
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The file to run. Looked up here, not by the system, because it then can be started the quick way
/// (`posix_spawn`), never comes from a relative element of `PATH`, and a failure can be told clearly.
pub(super) fn find(name: &str, command: &Command) -> Result<PathBuf, RunError> {
    if name.contains('/') {
        let file = command.cwd.join(name);
        return match fs::metadata(&file) {
            Ok(metadata) if runnable(&metadata) => Ok(file),
            Ok(_) => Err(RunError::NotExecutable(name.to_owned())),
            Err(_) => Err(RunError::NotFound { program: name.to_owned(), path: None }),
        };
    }
    let path = command.env.get(OsStr::new("PATH")).map(|path| path.to_string_lossy().into_owned());
    let path = path.unwrap_or_else(|| super::DEFAULT_PATH.to_owned());
    let mut found = std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .filter(|_| !name.is_empty())
        .filter_map(|file| Some((runnable(&fs::metadata(&file).ok()?), file)));
    match found.find(|(runnable, _)| *runnable) {
        Some((_, file)) => Ok(file),
        None => Err(RunError::NotFound { program: name.to_owned(), path: Some(path) }),
    }
}

fn runnable(metadata: &fs::Metadata) -> bool {
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

/// The shell for command lines: bash where there is one.
pub fn shell(path: &OsStr) -> &'static str {
    let has = |dir: PathBuf| dir.is_absolute() && Path::is_file(&dir.join("bash"));
    if std::env::split_paths(path).any(has) { "bash" } else { "sh" }
}

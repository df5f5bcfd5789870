//! Which files are specs.

use std::path::{Path, PathBuf};

/// How the names of specs end.
const SUFFIX: &str = "_spec.lua";
/// How the names of recorded conversations end, where they are looked for.
const TRACE_SUFFIX: &str = "_trace.json";
/// The directories beside `init.lua` that are looked into, with all in them.
const DIRECTORIES: [&str; 2] = ["spec", "tests"];
/// How deep.
const MAX_DEPTH: usize = 8;

/// Why specs were not found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// What was named is not there, or is no spec.
    #[error("{}: {reason}", path.display())]
    Named {
        /// What was named.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A directory could not be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The specs that are `named` (files, or directories of them); where none are, those beside `init.lua`
/// in `directory`, and in `spec/` and `tests/` there. Sorted.
///
/// # Errors
/// When what is named isn't there, or a directory can't be read.
pub fn find(named: &[PathBuf], directory: &Path) -> Result<Vec<PathBuf>, FindError> {
    let mut found = vec![];
    for path in named {
        let wrong = |reason: &str| FindError::Named { path: path.clone(), reason: reason.into() };
        let absolute = std::path::absolute(path).map_err(|error| wrong(&error.to_string()))?;
        match std::fs::metadata(&absolute) {
            Err(error) => return Err(wrong(&error.to_string())),
            Ok(meta) if meta.is_dir() => below(&absolute, MAX_DEPTH, &mut found)?,
            Ok(_) if ["lua", "json"].iter().any(|e| absolute.extension() == Some(e.as_ref())) => {
                found.push(absolute);
            }
            Ok(_) => return Err(wrong("is neither a spec (….lua) nor a recorded conversation (….json)")),
        }
    }
    if named.is_empty() {
        below(directory, 0, &mut found)?;
        for name in DIRECTORIES {
            below(&directory.join(name), MAX_DEPTH, &mut found)?;
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn below(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), FindError> {
    let failed = |source| FindError::Unreadable { path: directory.to_owned(), source };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(SUFFIX) || name.ends_with(TRACE_SUFFIX) {
            found.push(path);
        } else if depth > 0 && !name.starts_with('.') && path.is_dir() && !path.is_symlink() {
            below(&path, depth - 1, found)?;
        }
    }
    Ok(())
}

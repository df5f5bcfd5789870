//! Which `init.lua` and `config.toml` are in use.

use super::{ConfigError, Dirs, Environment, Origin};
use std::path::{Path, PathBuf};

/// The variable that names an `init.lua`.
pub(super) const CONFIG_VAR: &str = "OPENPISTA_CONFIG";

/// The configuration files in use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Located {
    /// The user's `init.lua`; `None`: the built-in one.
    pub init: Option<PathBuf>,
    /// Who named it: a flag, a variable, or nobody (the usual place).
    pub by: Origin,
    /// `config.toml` beside it, or in the configuration directory when the built-in one is used.
    pub toml: Option<PathBuf>,
}

impl Located {
    /// The directory of the configuration in use, which relative paths in it are relative to.
    pub fn directory<'a>(&'a self, dirs: &'a Dirs) -> &'a Path {
        self.init.as_deref().and_then(Path::parent).unwrap_or(&dirs.config)
    }
}

/// Finds the files: `--config` > `OPENPISTA_CONFIG` > the configuration directory > none. An
/// `init.lua` in the current directory is never used unasked.
///
/// # Errors
/// When a file that was asked for is no file.
pub fn locate(flag: Option<&Path>, environment: &Environment, dirs: &Dirs) -> Result<Located, ConfigError> {
    let variable = environment.get(CONFIG_VAR).map(Path::new);
    let named = match (flag, variable) {
        (Some(path), _) => Some((path, Origin::Flag { name: "--config".into() })),
        (None, Some(path)) => Some((path, Origin::Env { var: CONFIG_VAR.into() })),
        (None, None) => None,
    };
    let (init, by) = match named {
        Some((path, by)) => (Some(asked_for(path, &by, dirs)?), by),
        None => (exists(dirs.config.join("init.lua")), Origin::Default),
    };
    let mut located = Located { init, by, toml: None };
    located.toml = exists(located.directory(dirs).join("config.toml"));
    Ok(located)
}

fn asked_for(path: &Path, by: &Origin, dirs: &Dirs) -> Result<PathBuf, ConfigError> {
    let refuse = |message: String| ConfigError::File { path: path.into(), message };
    // Only text can begin with a tilde; other paths are joined as they are.
    let path = match path.to_str() {
        Some(text) => dirs.absolute(text, &dirs.current).map_err(refuse)?,
        None => dirs.current.join(path),
    };
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => {
            let message = format!("is a directory; {by} names a file, such as init.lua in it");
            Err(ConfigError::File { path, message })
        }
        Ok(_) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(ConfigError::NoInit { path, by: by.clone() })
        }
        Err(error) => Err(ConfigError::File { path, message: error.to_string() }),
    }
}

/// The path, unless nothing is there. What is there and cannot be read is an error when it is read,
/// not a reason to go on without it.
fn exists(path: PathBuf) -> Option<PathBuf> {
    match std::fs::symlink_metadata(&path) {
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            None
        }
        _ => Some(path),
    }
}

//! Where files belong, by the XDG base directory specification.

use super::{ConfigError, Environment};
use std::path::{Path, PathBuf};

const NAME: &str = "openpista";

/// The directories of this program and the two that paths are relative to. All absolute; none is
/// created here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// The user's home, for `~`.
    pub home: Option<PathBuf>,
    /// The current directory.
    pub current: PathBuf,
    /// `init.lua` and `config.toml`: `$XDG_CONFIG_HOME/openpista`, else `~/.config/openpista`.
    pub config: PathBuf,
    /// The database and other things to keep: `$XDG_STATE_HOME/openpista`, else
    /// `~/.local/state/openpista`.
    pub state: PathBuf,
    /// What belongs to the user and is neither configuration nor state: `$XDG_DATA_HOME/openpista`, else
    /// `~/.local/share/openpista`, else `data` in the state directory.
    pub data: PathBuf,
    /// What can be made again: `$XDG_CACHE_HOME/openpista`, else `~/.cache/openpista`.
    pub cache: PathBuf,
    /// Sockets: `$XDG_RUNTIME_DIR/openpista`, else `run` in the state directory.
    pub run: PathBuf,
}

impl Dirs {
    /// Finds the directories. Relative values of `XDG_…` variables and of `HOME` are ignored.
    ///
    /// # Errors
    /// [`ConfigError::NoHome`] when neither `HOME` nor the variable of a directory is set.
    pub fn find(environment: &Environment, current: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let home = environment.path("HOME");
        let place = |var: &'static str, under: &str| match (environment.path(var), &home) {
            (Some(base), _) => Ok(base.join(NAME)),
            (None, Some(home)) => Ok(home.join(under).join(NAME)),
            (None, None) => Err(ConfigError::NoHome { var }),
        };
        let state = place("XDG_STATE_HOME", ".local/state")?;
        let data = place("XDG_DATA_HOME", ".local/share").unwrap_or_else(|_| state.join("data"));
        Ok(Self {
            current: current.into(),
            config: place("XDG_CONFIG_HOME", ".config")?,
            cache: place("XDG_CACHE_HOME", ".cache")?,
            run: environment
                .path("XDG_RUNTIME_DIR")
                .map_or_else(|| state.join("run"), |base| base.join(NAME)),
            data,
            state,
            home,
        })
    }

    /// Puts the home directory in the place of a leading `~`, and `base` before a relative path.
    ///
    /// # Errors
    /// What is wrong with the path, for a person to read: `~user`, or `~` without a home.
    pub fn absolute(&self, path: &str, base: &Path) -> Result<PathBuf, String> {
        let Some(rest) = path.strip_prefix('~') else { return Ok(tidy(&base.join(path))) };
        if !(rest.is_empty() || rest.starts_with('/')) {
            return Err("can begin with ~/ for your own home, but not with ~ and a name".into());
        }
        let home = self.home.as_ref().ok_or("begins with ~, but HOME is not set")?;
        Ok(tidy(&home.join(rest.trim_start_matches('/'))))
    }
}

/// Drops `.` components and a trailing slash. Keeps `..`: what it means depends on links.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(pairs: &[(&str, &str)]) -> Result<Dirs, ConfigError> {
        Dirs::find(&Environment::from_pairs(pairs.iter().copied()), "/work")
    }

    #[test]
    fn follow_the_specification() {
        let plain = dirs(&[("HOME", "/home/a")]).unwrap();
        assert_eq!(plain.config, Path::new("/home/a/.config/openpista"));
        assert_eq!(plain.state, Path::new("/home/a/.local/state/openpista"));
        assert_eq!(plain.data, Path::new("/home/a/.local/share/openpista"));
        assert_eq!(plain.cache, Path::new("/home/a/.cache/openpista"));
        assert_eq!(plain.run, Path::new("/home/a/.local/state/openpista/run"));
        let set = dirs(&[
            ("HOME", "/home/a"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "relative/is/ignored"),
            ("XDG_CACHE_HOME", ""),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
        ])
        .unwrap();
        assert_eq!(set.config, Path::new("/c/openpista"));
        assert_eq!((set.state, set.cache), (plain.state, plain.cache));
        assert_eq!(set.run, Path::new("/run/user/1/openpista"));
    }

    #[test]
    fn do_without_a_home_when_everything_is_named() {
        assert_eq!(dirs(&[]), Err(ConfigError::NoHome { var: "XDG_STATE_HOME" }));
        assert_eq!(dirs(&[("HOME", "relative")]), Err(ConfigError::NoHome { var: "XDG_STATE_HOME" }));
        let all =
            dirs(&[("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s"), ("XDG_CACHE_HOME", "/k")]).unwrap();
        assert_eq!(all.home, None);
        assert!(all.absolute("~/x", Path::new("/b")).unwrap_err().contains("HOME is not set"));
    }

    #[test]
    fn tilde_and_relative_paths() {
        let dirs = dirs(&[("HOME", "/home/a")]).unwrap();
        let absolute = |path| dirs.absolute(path, Path::new("/base")).unwrap().into_os_string();
        assert_eq!(absolute("~"), "/home/a");
        assert_eq!(absolute("~/x/./y/"), "/home/a/x/y");
        assert_eq!(absolute("~//etc"), "/home/a/etc");
        assert_eq!(absolute("x"), "/base/x");
        assert_eq!(absolute("../x"), "/base/../x");
        assert_eq!(absolute("/x"), "/x");
        assert!(dirs.absolute("~bob/x", Path::new("/base")).is_err());
    }
}

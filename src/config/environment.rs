//! The environment variables, read once.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// A copy of the environment. A variable that is set to nothing counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    vars: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// That of this process. `HOME`, when unset, is what the user database says.
    pub fn of_process() -> Self {
        let mut environment = Self::from_pairs(std::env::vars_os());
        if environment.path("HOME").is_none()
            && let Some(home) = std::env::home_dir()
        {
            environment.vars.insert("HOME".into(), home.into());
        }
        environment
    }

    /// Made of pairs of name and value.
    pub fn from_pairs<N: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let vars = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { vars }
    }

    /// A variable, unless unset or empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// A variable that holds an absolute path; a relative one counts as unset.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(Path::new).filter(|path| path.is_absolute()).map(Path::to_owned)
    }

    /// The variables whose names are text, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.vars.iter().filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())))
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secrets.
        f.debug_set().entries(self.vars.keys()).finish()
    }
}

/// Whether an environment variable of this name usually holds a secret: `…_KEY`, `…_TOKEN`,
/// `…_SECRET`, `…PASSWORD…` and the like, in any case.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIALS"]
        .iter()
        .any(|word| name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_')))
        || ["PASSWORD", "PASSWD", "APIKEY", "SECRET_"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_relative_values_count_as_unset() {
        let environment = Environment::from_pairs([("A", ""), ("B", "rel/ative"), ("C", "/abs")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("B"), Some(OsStr::new("rel/ative")));
        assert_eq!(environment.path("B"), None);
        assert_eq!(environment.path("C"), Some(PathBuf::from("/abs")));
    }

    #[test]
    fn secret_names() {
        for name in
            ["OPENAI_API_KEY", "github_token", "TOKEN", "PGPASSWORD", "X_SECRET", "AWS_SECRET_ACCESS_KEY"]
        {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["PATH", "HOME", "KEYBOARD", "MONKEY", "TOKENIZER", "XDG_CONFIG_HOME", "COMPASS"] {
            assert!(!looks_secret(name), "{name}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Environment::from_pairs([("A_KEY", "hunter2hunter2")]));
        assert!(shown.contains("A_KEY") && !shown.contains("hunter2"), "{shown}");
    }
}

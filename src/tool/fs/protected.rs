//! What the file tools stay away from, wherever it is and however it is spelled.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

/// Files and directories of these names hold credentials, and are neither read nor written. A name with
/// a slash is the end of a path. Names that begin with `.env.` are treated like `.env`, but for
/// examples and templates.
pub const PROTECTED_NAMES: [&str; 19] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".config/gcloud",
    ".docker/config.json",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".password-store",
    ".vault-token",
    ".local/share/keyrings",
    "Library/Keychains",
    ".env",
    ".envrc",
];

/// Directories that aren't files' but the system's; our own environment can be read there.
const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Files like any other, although beneath one of the above.
const SHARED_MEMORY: &str = "/dev/shm";

/// Readable, but what is written there decides what programs do later.
const READ_ONLY_NAMES: [&str; 1] = [".git"];

/// How names end of `.env.` files that hold no secrets.
const EXAMPLES: [&str; 5] = ["example", "sample", "template", "dist", "defaults"];

/// What is protected, as configured.
#[derive(Clone, Debug, Default)]
pub(super) struct Protected {
    paths: Vec<PathBuf>,
    lifted: Vec<String>,
}

/// What is protected, as things are on disk now.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// Folded.
    lifted: &'a [String],
    /// Of [`PROTECTED_NAMES`] those that hold, folded.
    secret: Vec<String>,
    /// Folded; with the path to name in errors.
    prefixes: Vec<(PathBuf, &'a Path)>,
    /// Files that may have other names.
    files: Vec<(u64, u64)>,
}

/// What shall be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Protected {
    pub(super) fn new(paths: &[PathBuf], lifted: &[String]) -> Self {
        Self { paths: paths.to_vec(), lifted: lifted.iter().map(|name| fold(name)).collect() }
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        let prefixes = self.paths.iter().map(|path| (folded(&resolved(path)), path.as_path())).collect();
        let metadata = self.paths.iter().filter_map(|path| fs::metadata(path).ok());
        let files = metadata.filter(fs::Metadata::is_file).map(|m| (m.dev(), m.ino())).collect();
        let names = PROTECTED_NAMES.iter().map(|name| fold(name));
        let secret = names.filter(|name| !self.lifted.contains(name)).collect();
        Rules { lifted: &self.lifted, secret, prefixes, files }
    }
}

impl Rules<'_> {
    /// Why the file at `real`, with that device and inode if it exists, is protected; if it is.
    pub(super) fn forbid(&self, real: &Path, id: Option<(u64, u64)>, access: Access) -> Option<String> {
        if SYSTEM.iter().any(|dir| real.starts_with(dir)) && !real.starts_with(SHARED_MEMORY) {
            return Some("it belongs to the system".into());
        }
        let path = folded(real);
        if let Some((_, path)) = self.prefixes.iter().find(|(prefix, _)| path.starts_with(prefix)) {
            return Some(format!("{} is kept from the file tools", path.display()));
        }
        if id.is_some_and(|id| self.files.contains(&id)) {
            return Some("it is another name of a file that is kept from the file tools".into());
        }
        let whole = format!("{}/", path.to_string_lossy());
        let within = |name: &str| whole.contains(&format!("/{name}/"));
        if let Some(name) =
            self.secret.iter().find(|name| within(name)).map(String::as_str).or(self.env(&path))
        {
            return Some(format!(
                "{name:?} usually holds secrets. If the user wants it open to the file tools, its name goes \
                 into the setting `unprotected`"
            ));
        }
        let git = READ_ONLY_NAMES.iter().find(|name| within(name) && !self.is_lifted(name));
        match git {
            Some(name) if access == Access::Write => {
                Some(format!("{name:?} can be read but not written by the file tools"))
            }
            _ => None,
        }
    }

    /// The name in a folded path that is like `.env`, such as `.env.production`.
    fn env<'p>(&self, path: &'p Path) -> Option<&'p str> {
        path.components().filter_map(|part| part.as_os_str().to_str()).find(|name| {
            name.strip_prefix(".env.").is_some_and(|rest| !EXAMPLES.contains(&rest)) && !self.is_lifted(name)
        })
    }

    fn is_lifted(&self, name: &str) -> bool {
        self.lifted.iter().any(|lifted| lifted == name)
    }
}

/// The real path of what may not exist yet: of as much as exists, and the rest as given.
fn resolved(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|dir| Some((dir, dir.canonicalize().ok()?)));
    match existing {
        Some((dir, real)) => real.join(path.strip_prefix(dir).unwrap_or(Path::new(""))),
        None => path.to_owned(),
    }
}

/// The same for all spellings that some file system takes for the same name.
fn fold(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

fn folded(path: &Path) -> PathBuf {
    path.components()
        .map(|part| match (part, part.as_os_str().to_str()) {
            (Component::Normal(_), Some(name)) => fold(name).into(),
            _ => part.as_os_str().to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_protected_in_every_spelling() {
        let protected = Protected::new(&[], &[".env.local".into(), ".GIT".into()]);
        let rules = protected.rules();
        let forbidden = |path: &str, access| rules.forbid(Path::new(path), None, access).is_some();
        for path in [
            "/w/.ssh",
            "/w/.ssh/id_ed25519",
            "/w/.SSH/config",
            "/w/.\u{17f}sh/config",
            "/w/.\u{212a}ube/config",
            "/w/a/.aws/credentials",
            "/w/.env",
            "/w/.Env",
            "/w/.env.production",
            "/w/Library/Keychains/x",
            "/w/.config/gcloud/credentials.db",
            "/w/.docker/config.json",
            "/proc/self/environ",
        ] {
            assert!(forbidden(path, Access::Read), "{path}");
        }
        for path in [
            "/w/env",
            "/w/ssh/x",
            "/w/.env.example",
            "/w/.env.local",
            "/w/.sshx",
            "/w/x.ssh",
            "/w/src/gcloud/a",
            "/w/.docker/x",
            "/dev/shm/w",
            "/w/.git/config",
        ] {
            assert!(!forbidden(path, Access::Read), "{path}");
        }
        assert!(!forbidden("/w/.git/config", Access::Write), "lifted");
        let strict = Protected::default();
        let git = Path::new("/w/.git/hooks/pre-commit");
        assert!(strict.rules().forbid(git, None, Access::Write).is_some());
    }

    #[test]
    fn paths_protect_what_is_beneath_them_also_before_they_exist() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        let protected = Protected::new(&[real.join("link/state")], &[]);
        let forbidden = |path: &str| protected.rules().forbid(&real.join(path), None, Access::Read).is_some();
        for existing in [false, true] {
            if existing {
                fs::create_dir(real.join("state")).unwrap();
            }
            assert!(forbidden("state") && forbidden("state/db") && forbidden("State/db"));
            assert!(!forbidden("state2") && !forbidden("other"));
        }
    }
}

//! What no rule, hook or approval lifts.

use crate::domain::call::ToolCall;
use std::{
    ffi::OsString,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

/// Says why a call may not run, whatever was decided about it; `None` when it may. Asked last, for
/// every call, on the way through which a call becomes authorised.
pub type FloorCheck = Arc<dyn Fn(&ToolCall) -> Option<String> + Send + Sync>;

/// Files that tools may not change: configuration, policy, secrets, the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Floor {
    protected: Vec<PathBuf>,
}

impl Floor {
    /// Protects these absolute paths and, of directories, all beneath them.
    pub fn new(protected: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { protected: protected.into_iter().filter(|path| path.is_absolute()).collect() }
    }

    /// The protected path that `path` (absolute) is, is beneath, or leads to through links.
    /// Looks at the file system: links are followed as they are now.
    pub fn covers(&self, path: &Path) -> Option<&Path> {
        let (plain, real) = (plain(path), real(path));
        self.protected
            .iter()
            .find(|protected| {
                plain.starts_with(self::plain(protected)) || real.starts_with(self::real(protected))
            })
            .map(PathBuf::as_path)
    }

    /// A check of the arguments that name what a tool changes, as in `("fs.write", "path")`.
    /// Relative paths are relative to `workspace`.
    pub fn guarding(
        self,
        workspace: PathBuf,
        arguments: &'static [(&'static str, &'static str)],
    ) -> FloorCheck {
        Arc::new(move |call| {
            let paths = arguments
                .iter()
                .filter(|(tool, _)| *tool == call.name)
                .filter_map(|(_, argument)| call.args.get(*argument)?.as_str());
            paths.into_iter().find_map(|path| {
                let protected = self.covers(&workspace.join(path))?;
                Some(format!(
                    "{} is protected: tools may not change it, and nothing lifts that",
                    protected.display()
                ))
            })
        })
    }
}

/// Without `.` and `..`, by the letter.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            other => plain.push(other),
        }
    }
    plain
}

/// How many links to nothing are followed, one after the other.
const MOST_LINKS: usize = 40;

/// With links followed as far as the path exists, and the rest by the letter. A link to nothing is
/// followed too: writing through it makes the file that it names.
fn real(path: &Path) -> PathBuf {
    let mut missing: Vec<OsString> = Vec::new();
    let mut existing = path.to_owned();
    let mut links = 0;
    loop {
        if let Ok(found) = existing.canonicalize() {
            return plain(&missing.iter().rev().fold(found, |path, part| path.join(part)));
        }
        let (Some(parent), Some(last)) = (existing.parent(), existing.components().next_back()) else {
            return plain(path);
        };
        match existing.read_link() {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                existing = parent.join(target);
            }
            _ => {
                missing.push(last.as_os_str().to_owned());
                existing = parent.to_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_protected_files_by_any_way_that_leads_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let (work, config) = (root.join("work"), root.join("config"));
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(&config).unwrap();
        std::os::unix::fs::symlink(&config, work.join("link")).unwrap();
        std::os::unix::fs::symlink(root.join("later.db"), work.join("dangling")).unwrap();
        let floor = Floor::new([config.clone(), root.join("later.db"), "relative".into()]);
        for path in [
            "link/init.lua",
            "link",
            "../config/init.lua",
            "./x/../../config",
            "link/../config/a",
            "../later.db",
            "dangling",
        ] {
            assert!(floor.covers(&work.join(path)).is_some(), "{path}");
        }
        for path in ["init.lua", "configuration", "../config2/init.lua", "relative"] {
            assert_eq!(floor.covers(&work.join(path)), None, "{path}");
        }
        let check = floor.guarding(work, &[("fs.write", "path")]);
        let call = |tool: &str, path: &str| {
            let serde_json::Value::Object(args) = json!({"path": path}) else { unreachable!() };
            ToolCall::new(tool, args)
        };
        assert!(check(&call("fs.write", "link/init.lua")).unwrap().contains("is protected"));
        assert!(check(&call("fs.write", config.join("init.lua").to_str().unwrap())).is_some());
        assert_eq!(check(&call("fs.read", "link/init.lua")), None);
        assert_eq!(check(&call("fs.write", "init.lua")), None);
    }
}

//! Which directories have to be watched to hear of a file.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    ffi::OsString,
    fs,
    path::{Component, Path, PathBuf},
};

/// Links that are followed for one path, as many as the system follows.
const LINKS: usize = 40;

/// Directories, and the names in them that matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// All of them exist, and have no link in their paths.
    pub(super) directories: BTreeSet<PathBuf>,
    /// What they are in. From there it is seen that one is moved away, or another takes its place.
    pub(super) above: BTreeSet<PathBuf>,
    /// Of files, links and directories on the way.
    pub(super) names: HashSet<OsString>,
}

impl Trail {
    pub(super) fn of<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let mut trail = Self::default();
        files.for_each(|file| trail.follow(file));
        for directory in &trail.directories {
            if let (Some(above), Some(name)) = (directory.parent(), directory.file_name()) {
                trail.above.insert(above.to_owned());
                trail.names.insert(name.to_owned());
            }
        }
        trail.above.retain(|path| !trail.directories.contains(path));
        trail
    }

    /// Adds the directory of each link on the way to a file, and that of the file itself; where the
    /// way ends early, the last directory that is there.
    fn follow(&mut self, file: &Path) {
        let mut rest: VecDeque<OsString> = parts(file);
        let (mut here, mut links) = (PathBuf::from("/"), 0);
        while let Some(name) = rest.pop_front() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            let kind = fs::symlink_metadata(&next).map(|found| found.file_type());
            let is_link = kind.as_ref().is_ok_and(|kind| kind.is_symlink());
            if kind.is_err() || is_link || rest.is_empty() {
                self.directories.insert(here.clone());
                self.names.insert(name);
            }
            // A link that leads nowhere, or round in a circle, is where the way ends.
            let link = if is_link && links < LINKS { fs::read_link(&next).ok() } else { None };
            match (kind, link) {
                (Err(_), _) => return,
                (Ok(_), None) if is_link => return,
                (Ok(_), Some(target)) => {
                    links += 1;
                    if target.is_absolute() {
                        here = PathBuf::from("/");
                    }
                    for part in parts(&target).into_iter().rev() {
                        rest.push_front(part);
                    }
                }
                (Ok(_), None) => here = next,
            }
        }
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let named = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn trail(root: &Path, file: &Path) -> (Vec<String>, Vec<String>) {
        let trail = Trail::of([file].into_iter());
        let below = |path: &PathBuf| path.strip_prefix(root).ok().map(|path| path.display().to_string());
        let mut names: Vec<_> = trail.names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        (trail.directories.iter().filter_map(below).collect(), names)
    }

    #[test]
    fn links_are_followed_and_ways_that_end_early() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let root_name = root.file_name().unwrap().to_string_lossy().into_owned();
        fs::create_dir_all(root.join("dots/pista/v1")).unwrap();
        fs::create_dir_all(root.join("config")).unwrap();
        fs::write(root.join("dots/pista/v1/init.lua"), "").unwrap();
        symlink("v1", root.join("dots/pista/..data")).unwrap();
        symlink("../dots/pista/..data/init.lua", root.join("config/init.lua")).unwrap();
        let (directories, names) = trail(&root, &root.join("config/init.lua"));
        assert_eq!(directories, ["config", "dots/pista", "dots/pista/v1"]);
        for name in ["..data", "config", "init.lua", "pista", "v1"] {
            assert!(names.contains(&name.to_owned()), "{name} of {names:?}");
        }
        // Nothing is there yet: whatever is made first is heard of.
        let (directories, names) = trail(&root, &root.join("a/b/init.lua"));
        assert_eq!(directories, [""]);
        assert!(names.contains(&"a".to_owned()) && names.contains(&root_name), "{names:?}");
        // A link to itself ends.
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(trail(&root, &root.join("loop/init.lua")).0, [""]);
    }
}

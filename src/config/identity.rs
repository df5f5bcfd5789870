//! What a configuration is known by where things are kept that belong to it.

use super::{Dirs, Located};
use std::path::{Path, PathBuf};

/// What stands before the rest of a path below the directory of configurations.
const CONFIG: &str = "config:";
/// What stands before the rest of a path below the home.
const HOME: &str = "home:";

/// A name that stays when the home moves, and those that it had before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigName {
    /// The name.
    pub name: String,
    /// Names of older versions, which were the file's path: that here, and how it ended elsewhere.
    pub former: Option<FormerName>,
}

/// The name of a configuration in older versions: the absolute path of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerName {
    /// The path here.
    pub path: String,
    /// How it ended before the home moved, from a slash on; `None`: the same as here.
    pub end: Option<String>,
}

impl Located {
    /// What the configuration in use is known by.
    pub fn config_name(&self, dirs: &Dirs) -> ConfigName {
        match &self.init {
            Some(init) => config_name(init, dirs),
            None => ConfigName { name: String::new(), former: None },
        }
    }
}

/// What the configuration of an `init.lua` is known by. The same file by another way is the same.
pub fn config_name(init: &Path, dirs: &Dirs) -> ConfigName {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (file, config) = (real(init), real(&dirs.config));
    let usual = dirs.config.join("init.lua");
    let former = |end: Option<String>| Some(FormerName { path: file.to_string_lossy().into_owned(), end });
    // Also where it is a link: where that leads is nobody's business.
    if init == usual || real(&usual) == file {
        let name = format!("{CONFIG}init.lua");
        return ConfigName { name, former: former(Some("/openpista/init.lua".into())) };
    }
    let below = |base: &Path, begin: &str| {
        let rest = file.strip_prefix(base).ok()?.to_string_lossy().into_owned();
        let former = former(Some(format!("/{rest}")));
        Some(ConfigName { name: format!("{begin}{rest}"), former })
    };
    let home = dirs.home.as_deref().map(real);
    below(&config, CONFIG)
        .or_else(|| below(home.as_deref()?, HOME))
        .unwrap_or_else(|| ConfigName { name: file.to_string_lossy().into_owned(), former: None })
}

/// A path as it is kept with a configuration: relative to the directory of its `init.lua` where it is below
/// that, so that it moves along.
pub fn portable(path: &Path, directory: &Path) -> PathBuf {
    path.strip_prefix(directory).map_or_else(|_| path.to_owned(), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn a_name_stays_when_the_home_moves() {
        let dir = tempfile::tempdir().unwrap();
        let names = |home: &str| {
            let home = dir.path().join(home);
            let dirs = Dirs::find(&Environment::from_pairs([("HOME", home.to_str().unwrap())]), "/").unwrap();
            fs::create_dir_all(home.join("bots/one")).unwrap();
            fs::create_dir_all(dirs.config.join("other")).unwrap();
            for file in [
                home.join("bots/one/init.lua"),
                dirs.config.join("init.lua"),
                dirs.config.join("other/x.lua"),
            ] {
                fs::write(file, "").unwrap();
            }
            let name = |path: PathBuf| config_name(&path, &dirs).name;
            [
                name(dirs.config.join("init.lua")),
                name(dirs.config.join("other/../init.lua")),
                name(dirs.config.join("other/x.lua")),
                name(home.join("bots/one/init.lua")),
                name("/etc/hostname".into()),
            ]
        };
        let wanted = [
            "config:init.lua",
            "config:init.lua",
            "config:other/x.lua",
            "home:bots/one/init.lua",
            "/etc/hostname",
        ];
        assert_eq!(names("a"), wanted);
        assert_eq!(names("b/c"), wanted);
    }

    #[test]
    fn a_link_in_the_usual_place_is_the_usual_one_by_either_way() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        let dirs = Dirs::find(&Environment::from_pairs([("HOME", home)]), "/").unwrap();
        let real = dir.path().join("dotfiles/init.lua");
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        fs::create_dir_all(&dirs.config).unwrap();
        fs::write(&real, "").unwrap();
        symlink(&real, dirs.config.join("init.lua")).unwrap();
        for path in [&real, &dirs.config.join("init.lua")] {
            let ConfigName { name, former } = config_name(path, &dirs);
            assert_eq!(name, "config:init.lua");
            let former = former.unwrap();
            assert_eq!(Path::new(&former.path), real.canonicalize().unwrap());
            assert_eq!(former.end.as_deref(), Some("/openpista/init.lua"));
        }
    }
}

//! Which `init.lua` and `config.toml` are in use.

use openpista::config::{ConfigError, Dirs, Environment, Located, Origin, locate};
use std::{fs, path::Path};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A home with nothing in it, and a current directory with an `init.lua` and a `config.toml`.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("home/.config/openpista")).unwrap();
        fs::create_dir_all(dir.path().join("current")).unwrap();
        let place = Self { dir };
        place.write("current/init.lua");
        place.write("current/config.toml");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str) {
        fs::write(self.path(name), "").unwrap();
    }

    fn locate(&self, flag: Option<&str>, variable: Option<&str>) -> Result<Located, ConfigError> {
        let home = self.path("home");
        let environment = Environment::from_pairs(
            [("HOME", home.to_str().unwrap())].into_iter().chain(variable.map(|v| ("OPENPISTA_CONFIG", v))),
        );
        let dirs = Dirs::find(&environment, self.path("current")).unwrap();
        locate(flag.map(Path::new), &environment, &dirs)
    }
}

#[test]
fn nothing_in_the_current_directory_is_used_unasked() {
    let place = Place::new();
    assert_eq!(place.locate(None, None), Ok(Located::default()));
    assert_eq!(place.locate(None, Some("")), Ok(Located::default()));
    let asked = place.locate(Some("init.lua"), None).unwrap();
    assert_eq!(asked.init, Some(place.path("current/init.lua")));
    assert_eq!(asked.toml, Some(place.path("current/config.toml")));
    assert_eq!(asked.by, Origin::Flag { name: "--config".into() });
}

#[test]
fn the_configuration_directory_is_the_usual_place() {
    let place = Place::new();
    place.write("home/.config/openpista/config.toml");
    let toml_only = place.locate(None, None).unwrap();
    assert_eq!((toml_only.init, toml_only.toml.is_some()), (None, true));
    place.write("home/.config/openpista/init.lua");
    let both = place.locate(None, None).unwrap();
    assert_eq!(both.init, Some(place.path("home/.config/openpista/init.lua")));
    assert_eq!(both.by, Origin::Default);
}

#[test]
fn the_flag_comes_before_the_variable_and_both_before_the_usual_place() {
    let place = Place::new();
    place.write("home/.config/openpista/init.lua");
    place.write("home/.config/openpista/config.toml");
    place.write("home/other.lua");
    let by_variable = place.locate(None, Some("~/other.lua")).unwrap();
    assert_eq!(by_variable.init, Some(place.path("home/other.lua")));
    assert_eq!(by_variable.toml, None, "only what lies beside the init.lua in use");
    assert_eq!(by_variable.by, Origin::Env { var: "OPENPISTA_CONFIG".into() });
    let by_flag = place.locate(Some("./init.lua"), Some("~/other.lua")).unwrap();
    assert_eq!(by_flag.init, Some(place.path("current/init.lua")));
}

#[test]
fn what_was_asked_for_has_to_be_there() {
    let place = Place::new();
    let flag = place.locate(Some("missing.lua"), None).unwrap_err();
    assert!(matches!(flag, ConfigError::NoInit { .. }));
    assert!(
        flag.to_string().ends_with("current/missing.lua: no such file (asked for by --config)"),
        "{flag}"
    );
    let variable = place.locate(None, Some("/missing.lua")).unwrap_err();
    assert_eq!(
        variable.to_string(),
        "/missing.lua: no such file (asked for by environment OPENPISTA_CONFIG)"
    );
    let directory = place.locate(Some("."), None).unwrap_err();
    assert!(directory.to_string().contains("is a directory; --config names a file"), "{directory}");
}

#[test]
fn a_link_to_nothing_is_not_passed_over() {
    let place = Place::new();
    let init = place.path("home/.config/openpista/init.lua");
    std::os::unix::fs::symlink("/nowhere/init.lua", &init).unwrap();
    assert_eq!(place.locate(None, None).unwrap().init, Some(init), "reading it will say what is wrong");
}

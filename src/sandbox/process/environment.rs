//! The environment of commands: an explicit list, so that no key of ours is in it by accident.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
};

/// Where programs are looked for when our own `PATH` has nothing usable.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What is passed on from our own environment, besides `PATH` and `LC_*`.
const PASSED: [&str; 13] = [
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// What is set so that no command waits for a terminal, a pager or an editor.
const SET: [(&str, &str); 11] = [
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("SYSTEMD_PAGER", "cat"),
    ("EDITOR", "false"),
    ("VISUAL", "false"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("PIP_NO_INPUT", "1"),
];

/// The environment for commands: what is passed on from ours, what `pass` names besides, and what
/// keeps commands from waiting for a terminal. `PATH` keeps its absolute elements only.
pub fn environment(pass: &[String]) -> BTreeMap<OsString, OsString> {
    select(env::vars_os(), pass)
}

fn select(ours: impl Iterator<Item = (OsString, OsString)>, pass: &[String]) -> BTreeMap<OsString, OsString> {
    let mut chosen: BTreeMap<_, _> =
        SET.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    chosen.insert("PATH".into(), DEFAULT_PATH.into());
    for (name, value) in ours {
        let Some(text) = name.to_str() else { continue };
        if text == "PATH" {
            if let Some(path) = absolute(&value) {
                chosen.insert(name, path);
            }
        } else if PASSED.contains(&text) || text.starts_with("LC_") || pass.iter().any(|p| p == text) {
            chosen.insert(name, value);
        }
    }
    chosen
}

/// The absolute elements of a `PATH`, if there are any.
fn absolute(path: &OsStr) -> Option<OsString> {
    let joined = env::join_paths(env::split_paths(path).filter(|dir| dir.is_absolute())).ok()?;
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(ours: &[(&str, &str)], pass: &[&str]) -> BTreeMap<String, String> {
        let ours = ours.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let pass: Vec<_> = pass.iter().map(|name| (*name).to_owned()).collect();
        select(ours, &pass)
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn only_what_is_named_is_passed() {
        let ours = [
            ("HOME", "/home/a"),
            ("LC_TIME", "C"),
            ("OPENAI_API_KEY", "sk-1"),
            ("MY_TOKEN", "t"),
            ("LD_PRELOAD", "/x.so"),
            ("BASH_ENV", "/x.sh"),
            ("BASH_FUNC_ls%%", "() { :; }"),
            ("TERM", "xterm"),
            ("EXTRA", "yes"),
        ];
        let env = chosen(&ours, &["EXTRA", "NOT_THERE"]);
        let mut names: Vec<_> = env.keys().map(String::as_str).collect();
        names.retain(|name| !SET.iter().any(|(set, _)| set == name));
        assert_eq!(names, ["EXTRA", "HOME", "LC_TIME", "PATH"]);
        assert_eq!(env["TERM"], "dumb");
        assert_eq!(env["PATH"], DEFAULT_PATH);
    }

    #[test]
    fn a_path_keeps_its_absolute_elements() {
        for (ours, path) in
            [(".:/usr/bin::bin:/bin", "/usr/bin:/bin"), ("", DEFAULT_PATH), (".:relative", DEFAULT_PATH)]
        {
            assert_eq!(chosen(&[("PATH", ours)], &[])["PATH"], path, "{ours:?}");
        }
    }
}

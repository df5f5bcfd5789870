//! The environment of commands: an explicit list, so that no key of ours is in it by accident.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
};

/// Where programs are looked for when our own `PATH` has nothing usable.
pub const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What is passed on from our own environment, besides `PATH` and `LC_*`.
const PASSED: [&str; 10] = [
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// The way to the screen of whoever sits at this machine. Commands do not get it: a window would wait
/// for a person who may not be there.
pub const SCREEN: [&str; 3] = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"];

/// What is set so that no command waits for a person: at a terminal, a pager, an editor, or a window
/// that asks for a password. Of programs with several such variables the one that goes before the
/// program's own configuration: `GIT_EDITOR` before `core.editor`.
const SET: [(&str, &str); 34] = [
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    // Pagers.
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("MANPAGER", "cat"),
    ("SYSTEMD_PAGER", "cat"),
    ("AWS_PAGER", "cat"),
    ("GH_PAGER", "cat"),
    // Editors.
    ("EDITOR", "false"),
    ("VISUAL", "false"),
    ("GIT_EDITOR", "false"),
    ("GIT_SEQUENCE_EDITOR", "false"),
    // A merge takes its usual message, without an editor.
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GH_EDITOR", "false"),
    ("HGEDITOR", "false"),
    ("JJ_EDITOR", "false"),
    ("KUBE_EDITOR", "false"),
    ("SUDO_EDITOR", "false"),
    ("SVN_EDITOR", "false"),
    ("SYSTEMD_EDITOR", "false"),
    // Passwords. An empty name is no program, and goes before `core.askPass`.
    ("GIT_ASKPASS", ""),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GCM_INTERACTIVE", "never"),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("SUDO_ASKPASS", "/bin/false"),
    // Questions.
    ("APT_LISTCHANGES_FRONTEND", "none"),
    ("BROWSER", "false"),
    ("CLOUDSDK_CORE_DISABLE_PROMPTS", "1"),
    ("COMPOSER_NO_INTERACTION", "1"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("GH_PROMPT_DISABLED", "1"),
    ("HGPLAIN", "1"),
    ("PIP_NO_INPUT", "1"),
    ("POETRY_NO_INTERACTION", "1"),
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
            ("DISPLAY", ":0"),
            ("WAYLAND_DISPLAY", "wayland-0"),
            ("SSH_ASKPASS", "/usr/bin/ksshaskpass"),
            ("GIT_EDITOR", "vim"),
        ];
        let env = chosen(&ours, &["EXTRA", "NOT_THERE"]);
        let mut names: Vec<_> = env.keys().map(String::as_str).collect();
        names.retain(|name| !SET.iter().any(|(set, _)| set == name));
        assert_eq!(names, ["EXTRA", "HOME", "LC_TIME", "PATH"]);
        assert_eq!(env["TERM"], "dumb");
        assert_eq!(env["PATH"], DEFAULT_PATH);
        assert_eq!(env["GIT_EDITOR"], "false");
        // Whoever names it has it.
        let env = chosen(&ours, &["DISPLAY", "GIT_EDITOR"]);
        assert_eq!((env["DISPLAY"].as_str(), env["GIT_EDITOR"].as_str()), (":0", "vim"));
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

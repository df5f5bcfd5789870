//! The machine: commands, facts, notifications.

use crate::{fails, shows, support::program::Home};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

#[test]
fn a_command_returns_what_it_did() {
    let shown = shows(
        &Home::new(),
        [
            "pista.system.run({ 'printf', '%s', 'a b' }).stdout",
            "pista.system.run('echo out; echo err >&2; exit 3').exit_code",
            "pista.system.run('cat', { stdin = 'in' }).stdout",
            "pista.system.run('kill -9 $$').signal",
        ],
    );
    assert_eq!(shown, ["\"a b\"", "3", "\"in\"", "9"]);
    let (kind, message) = fails(&Home::new(), "pista.system.run { 'no-such-program' }");
    assert_eq!(kind, "io");
    assert!(message.contains("no-such-program"), "{message}");
}

#[test]
fn a_command_that_is_stopped_leaves_what_it_said() {
    let code = "(function() local ok, e = pcall(pista.system.run, 'echo so far; echo bad >&2; sleep 30', { timeout = 1 }) \
                return ok, e.kind, e.data.stdout, e.data.stderr, e.data.timed_out end)()";
    assert_eq!(shows(&Home::new(), [code]), ["false, \"timeout\", \"so far\\n\", \"bad\\n\", true"]);
}

#[test]
fn the_machine_is_known() {
    let home = Home::new().env("USER", "ada");
    let shown = shows(
        &home,
        [
            "pista.system.info().os, pista.system.info().arch, pista.system.info().user",
            "pista.system.info().cpus > 0, #pista.system.info().host > 0",
            "pista.system.info().workspace",
        ],
    );
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    assert_eq!(shown[0], format!("{os:?}, {arch:?}, \"ada\""));
    assert_eq!(shown[1], "true, true");
    assert_eq!(shown[2], format!("{:?}", home.work().canonicalize().expect("the workspace")));
    if cfg!(target_os = "linux") {
        assert_eq!(shows(&home, ["pista.system.info().uptime > 0"]), ["true"]);
    }
}

/// The desktop's program, standing for a desktop: it writes down what it is called with.
fn desktop(home: &Home, works: bool) -> String {
    let name = if cfg!(target_os = "macos") { "osascript" } else { "notify-send" };
    let bin = home.path().join("bin");
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do printf '%s|' \"$word\"; done >> '{}'\nexit {}\n",
        home.path().join("shown").display(),
        i32::from(!works)
    );
    let program = home.write(&bin.join(name), &script);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("permissions");
    format!("{}:/usr/bin:/bin", bin.display())
}

fn shown(path: &Path) -> String {
    fs::read_to_string(path.join("shown")).unwrap_or_default()
}

#[test]
fn a_notification_reaches_the_desktop_word_for_word() {
    let home = Home::new();
    let path = desktop(&home, true);
    let home = home.env("PATH", path);
    let code = "pista.notify('--urgency=x; $(touch made) \\x1b[1m\\nnext', { title = '-t' })";
    assert_eq!(shows(&home, [code]), ["true"]);
    let told = shown(&home.path());
    assert!(told.ends_with("-t|--urgency=x; $(touch made) [1m\nnext|"), "{told}");
    assert!(cfg!(target_os = "macos") || told.contains("--|"), "no word is taken for an option: {told}");
    assert!(!home.work().join("made").exists());
}

#[test]
fn without_a_desktop_nothing_breaks() {
    let home = Home::new();
    let path = desktop(&home, false);
    let at_the_terminal = |path: String| {
        let ran = home.clone().env("PATH", path).pipe(["repl"], "=pista.notify('hi')\n");
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "true\n", "openpista: hi\n"));
    };
    at_the_terminal(path);
    fs::create_dir(home.path().join("nothing")).expect("a directory");
    let nowhere = home.path().join("nothing").display().to_string();
    at_the_terminal(nowhere);
}

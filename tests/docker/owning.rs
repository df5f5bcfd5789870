//! Who a container is that may write to the workspace, and whom the files belong to.

use crate::{
    rig::{IMAGE, engine},
    support::program::Home,
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::Command,
};

/// Runs a shell line in a container of the profile `b`.
fn sh(home: &Home, line: &str) -> (i64, String) {
    let code = format!(
        "local r = pista.docker.run {{ profile = 'b', command = [[{line}]] }} \
         return {{ code = r.exit_code or 0, text = r.stdout .. r.stderr }}"
    );
    let ran = home.run(["eval", "--json", &code]).ok();
    let said = &ran.json()[0];
    (said["code"].as_i64().expect("it is there"), said["text"].as_str().expect("it is there").to_owned())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().expect("it works").stdout == b"0\n"
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it works");
}

#[test]
fn files_that_it_writes_belong_to_the_user() {
    if !engine() {
        return;
    }
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}', workspace = 'write' }})"));
    let work = home.work();
    // Nobody else may write there, or even look.
    for open in [0o755, 0o700] {
        mode(&work, open);
        assert_eq!(
            sh(&home, "echo hello > made && mkdir dir && touch dir/file"),
            (0, String::new()),
            "{open:o}"
        );
        let owner = fs::metadata(&work).unwrap();
        for name in ["made", "dir", "dir/file"] {
            let made = fs::metadata(work.join(name)).unwrap();
            assert_eq!((made.uid(), made.gid()), (owner.uid(), owner.gid()), "{name}");
        }
        fs::remove_dir_all(work.join("dir")).unwrap();
        fs::remove_file(work.join("made")).unwrap();
    }
    // Without more powers than before.
    let (_, text) = sh(&home, "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; touch /x 2>&1");
    assert!(text.contains("CapEff:\t0000000000000000") && text.contains("NoNewPrivs:\t1"), "{text}");
    assert!(text.contains("/x: Read-only"), "{text}");
}

#[test]
fn as_root_they_belong_to_whom_the_workspace_belongs_to() {
    if !engine() || !is_root() {
        return;
    }
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}', workspace = 'write' }})"));
    let checked = home.run(["check"]).ok();
    assert!(checked.err.contains("init.lua:1") && checked.err.contains("runs as root"), "{}", checked.err);
    chown(home.work(), Some(1234), Some(2345)).unwrap();
    assert_eq!(sh(&home, "id -u; id -g; touch made"), (0, "1234\n2345\n".into()));
    let made = fs::metadata(home.work().join("made")).unwrap();
    assert_eq!((made.uid(), made.gid()), (1234, 2345));
    assert!(!home.run(["check"]).ok().err.contains("pista.sandbox"));
}

#[test]
fn a_workspace_that_nobody_else_may_read_is_readable() {
    if !engine() {
        return;
    }
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}' }})"));
    home.write(&home.work().join("note"), "hello\n");
    mode(&home.work().join("note"), 0o600);
    mode(&home.work(), 0o700);
    let (code, text) = sh(&home, "cat note; touch x 2>&1");
    assert!(code != 0 && text.starts_with("hello\n") && text.contains("Read-only"), "{text}");
    // One that everybody may read is read by nobody in particular.
    mode(&home.work(), 0o755);
    assert_eq!(sh(&home, "id -u"), (0, "65534\n".into()));
}

#[test]
fn a_user_that_may_not_do_what_the_profile_says_is_told_of() {
    let home = Home::new();
    mode(&home.work(), 0o755);
    home.init(&format!(
        "pista.sandbox('b', {{ image = '{IMAGE}', workspace = 'write', user = '4321:4321' }})"
    ));
    let checked = home.run(["check"]).ok();
    for words in
        ["init.lua:1", "the profile b may not write to the workspace", "mode 755", "leave `user` away"]
    {
        assert!(checked.err.contains(words), "{words}: {}", checked.err);
    }
    assert!(home.run(["doctor"]).out.contains("the profile b may not write"));
    mode(&home.work(), 0o700);
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}', user = '4321:4321' }})"));
    let checked = home.run(["check"]).ok();
    assert!(checked.err.contains("may not read the workspace"), "{}", checked.err);
    mode(&home.work(), 0o755);
    assert!(!home.run(["check"]).ok().err.contains("pista.sandbox"));
}

#[test]
fn proving_tries_what_a_profile_promises() {
    if !engine() {
        return;
    }
    let home = Home::new();
    let profile = |user: &str| {
        format!(
            "pista.sandbox('b', {{ image = '{IMAGE}', workspace = 'write', memory = '64m', pids = 32{user} }})"
        )
    };
    let seen = |home: &Home| {
        let findings = home.run(["doctor", "--prove", "--json"]).json();
        let found =
            findings.iter().find(|f| f["seen"].as_str().unwrap().starts_with("b: writing to the workspace"));
        let found = found.unwrap_or_else(|| panic!("{findings:#?}"));
        (found["health"].as_str().unwrap().to_owned(), found["seen"].as_str().unwrap().to_owned())
    };
    home.init(&profile(""));
    let owner = fs::metadata(home.work()).unwrap();
    let (health, text) = seen(&home);
    assert_eq!(health, "ok", "{text}");
    assert!(text.contains(&format!("belongs to {}:{}", owner.uid(), owner.gid())), "{text}");
    home.init(&profile(", user = '4321:4321'"));
    let (health, text) = seen(&home);
    assert_eq!(health, "fail", "{text}");
    assert!(text.contains("Permission denied"), "{text}");
    assert_eq!(fs::read_dir(home.work()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn sockets_of_other_engines_are_found() {
    if !engine() {
        return;
    }
    let real = Path::new("/var/run/docker.sock");
    if !real.exists() || std::env::var_os("DOCKER_HOST").is_some() {
        eprintln!("SKIPPED: the engine of these tests listens elsewhere");
        return;
    }
    // In a namespace where the usual socket is not there, and one of a user's is.
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}' }})"));
    let runtime = home.path().join("runtime");
    for below in ["docker.sock", "podman/podman.sock"] {
        let script = format!(
            "set -e; mkdir -p \"$(dirname '{0}/{below}')\"; touch '{0}/{below}' hidden; mount --bind {1} '{0}/{below}'; \
             mount --bind hidden {1}; exec '{2}' eval \"pista.docker.run{{ argv = {{ 'echo', 'hi' }} }}.stdout\"",
            runtime.display(),
            real.canonicalize().unwrap().display(),
            crate::support::program::PROGRAM,
        );
        let done = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .current_dir(home.work())
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", &runtime)
            .env("OPENPISTA_LOCAL_SERVERS", "[]")
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        if err.contains("unshare failed") {
            eprintln!("SKIPPED: only root may have mounts of its own: {err}");
            return;
        }
        assert_eq!(out, "\"hi\\n\"\n", "{below}: {err}");
    }
}

/// Hands on what is said at a socket to the engine of these tests. The socket belongs to `owner`.
fn proxy(socket: &Path, owner: u32) {
    use std::{
        io::{Read, Write},
        net::Shutdown,
        os::unix::net::{UnixListener, UnixStream},
        thread,
    };
    let engine = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let engine = engine.trim_start_matches("unix://").to_owned();
    let listener = UnixListener::bind(socket).expect("it works");
    chown(socket, Some(owner), None).expect("it works");
    let pass = |mut from: UnixStream, mut to: UnixStream| {
        thread::spawn(move || {
            let mut buffer = [0; 16_384];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                if to.write_all(&buffer[..n]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(engine)) = (client, UnixStream::connect(&engine)) else { return };
            pass(client.try_clone().expect("it works"), engine.try_clone().expect("it works"));
            pass(engine, client);
        }
    });
}

#[test]
fn in_an_engine_without_root_its_root_is_the_user() {
    if !engine() || !is_root() {
        return;
    }
    // An engine belongs to whom its socket belongs to.
    let home = Home::new();
    home.init(&format!("pista.sandbox('b', {{ image = '{IMAGE}', workspace = 'write' }})"));
    chown(home.work(), Some(1234), Some(2345)).unwrap();
    let socket = home.path().join("docker.sock");
    proxy(&socket, 1234);
    let home = home.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    assert_eq!(sh(&home, "id -u; id -g"), (0, "0\n0\n".into()));
    // Of one that belongs to root, numbers mean the same inside and outside.
    let socket = home.path().join("other.sock");
    proxy(&socket, 0);
    let home = home.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    assert_eq!(sh(&home, "id -u; id -g"), (0, "1234\n2345\n".into()));
}

//! What a program can't reach, and what its process is.

use crate::{
    rig::{Echo, allowing, error, model, returned, start, told, workers},
    support::program::{Home, PROGRAM, Running, is_alive},
};
use openpista::{
    domain::{BoxFuture, JsonMap},
    sandbox::lua::{Broken, Host, Reply, run},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

#[tokio::test]
async fn what_is_dangerous_is_absent() {
    let absent = [
        "io",
        "os",
        "debug",
        "package",
        "require",
        "dofile",
        "loadfile",
        "warn",
        "pista",
        "string.dump",
        "arg",
    ];
    for name in absent {
        assert_eq!(returned(&format!("return {name}")).await, "nil", "{name}");
    }
    for (code, says) in [
        ("assert(load('\\27Lua'))", "binary chunk"),
        ("assert(load('return 1', 'x', 'b'))", "only text"),
        ("assert(load(('x'):rep(5 << 20)))", "longer than"),
        ("setmetatable({}, { __gc = print })", "__gc is not available"),
        ("collectgarbage('stop')", "only \"count\""),
        ("getmetatable('').__index = nil", "attempt to index a string value"),
        ("setmetatable('', {})", "table expected"),
        ("('x'):rep(1 << 40)", "too large"),
        ("string.find(('a'):rep(200000), '.-.-.-.-b')", "too complex"),
        ("table.unpack({}, 1, 1e8)", "too many results"),
        ("local ok, e = pcall(fail) getmetatable(e).__tostring = print", "attempt to index a string value"),
    ] {
        let said = error(code).await;
        assert!(said.contains(says), "{code}: {said}");
    }
    // All globals that there are, so that a new one is a decision.
    let globals = returned(
        "local n = {} for k in pairs(_G) do n[#n + 1] = k end table.sort(n) return table.concat(n, ' ')",
    )
    .await;
    assert_eq!(
        globals,
        "_G _VERSION a a_b assert collectgarbage coroutine error fail fs fs_read getmetatable ipairs json load \
         math next pairs pcall print rawequal rawget rawlen rawset select setmetatable size string table text \
         tonumber tools tostring type utf8 xpcall"
    );
}

#[tokio::test]
async fn a_program_can_only_break_itself() {
    // The host's own functions were captured before the program ran.
    let spoilt = "pcall, error, type, tostring, select, rawget, setmetatable = nil
        string.format, table.concat, table.unpack = nil
        setmetatable, _G.tools.list = nil, nil
        return fs.read{x=1}.x";
    assert_eq!(returned(spoilt).await, "1");
    let spoilt = "_G = nil return tools.call('fs.read', {x=2}).x";
    assert_eq!(returned(spoilt).await, "2");
    let metatables = "local t = setmetatable({}, { __pairs = error, __len = error, __index = error }) \
                      rawset(t, 'x', 1) return fs.read(t).x";
    assert_eq!(returned(metatables).await, "1");
    let liar = "return fs.read(setmetatable({x = 3}, { __metatable = 'locked', __name = 'fs' })).x";
    assert_eq!(returned(liar).await, "3");
}

/// Looks at the process while it waits for a call.
struct Look(u32, Vec<(&'static str, String)>);

impl Host for Look {
    fn call(&mut self, _: String, _: JsonMap) -> BoxFuture<'_, Reply> {
        let pids = workers(12);
        assert_eq!(pids.len(), 1);
        self.0 = pids[0];
        for file in ["limits", "status", "stat"] {
            let text = fs::read_to_string(format!("/proc/{}/{file}", self.0)).expect("readable by all");
            self.1.push((file, text));
        }
        Box::pin(std::future::ready(Reply::Ok(true.into())))
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_process_is_held_and_is_gone_afterwards() {
    let mut look = Look(0, vec![]);
    // The limit of its processor time is one of a kind: 9 s, a second more, and the grace.
    let done = run(Path::new(PROGRAM), &start("return fs.read{}", 9_000), &mut look).await;
    assert_eq!(done.expect("an end").returned.as_deref(), Some("true"));
    let Look(pid, seen) = look;
    let of = |name: &str| seen.iter().find(|(file, _)| *file == name).expect("seen").1.as_str();
    let limits = of("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect("a limit");
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max cpu time"), ["12", "12"]);
    assert_eq!(limit("Max file size"), ["0", "0"]);
    assert_eq!(limit("Max open files"), ["3", "3"]);
    assert_eq!(limit("Max processes"), ["0", "0"]);
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    assert_eq!(limit("Max data size"), ["268435456", "268435456"]);
    assert!(of("status").contains("NoNewPrivs:\t1"));
    let fields: Vec<_> = of("stat").rsplit(')').next().expect("fields").split_whitespace().collect();
    assert_eq!(fields[2], pid.to_string(), "it leads a process group of its own");
    assert!(!is_alive(pid), "it is gone when the run is over");
}

/// Descriptors that the engine itself was given by accident end here. Only the superuser may look.
#[test]
#[cfg(target_os = "linux")]
fn no_descriptor_is_inherited() {
    let look = "for p in $(ps -o pid= --ppid $PPID); do grep -qa ^openpista /proc/$p/cmdline && ls /proc/$p/fd; done";
    let fake = model(&[&format!("return system.run{{command={look:?}}}.stdout")]);
    let home = Home::with(&fake);
    allowing(&home, "allow = { 'lua.run', 'system.run' }");
    let mut shell = home.command(["-c"]);
    shell = {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &format!("exec 7</dev/null 8>/dev/null; exec '{PROGRAM}' run -e go")]);
        bash.env_clear().envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
        bash.current_dir(home.work());
        bash
    };
    Running::start(shell, b"").wait().ok();
    let open = told(&fake, 1);
    if fs::read_dir("/proc/1/fd").is_ok() {
        assert_eq!(open, "0\n1\n2\n");
    }
}

#[tokio::test]
async fn the_environment_is_empty() {
    // A stand-in for the worker shows what it was started with.
    let dir = tempfile::tempdir().expect("a directory");
    let (worker, seen) = (dir.path().join("worker"), dir.path().join("seen"));
    let text =
        format!("#!/bin/sh\n{{ tr '\\0' '\\n' </proc/$$/environ; echo end; pwd; }} >'{}'\n", seen.display());
    fs::write(&worker, text).expect("a script");
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755)).expect("executable");
    let ended = run(&worker, &start("return 1", 1_000), &mut Echo::default()).await;
    assert!(matches!(ended, Err(Broken::Ended(_))), "{ended:?}");
    assert!(std::env::var_os("PATH").is_some(), "there is something that could have been passed on");
    assert_eq!(fs::read_to_string(seen).expect("it ran"), "end\n/\n");
}

#[tokio::test]
async fn nothing_is_kept_from_one_program_to_the_next() {
    assert_eq!(returned("LEFT = 1 string.LEFT = 2 return LEFT").await, "1");
    assert_eq!(returned("return LEFT, string.LEFT").await, "nil\nnil");
}

#[test]
fn the_worker_is_hidden_and_of_no_use_by_hand() {
    let home = Home::new();
    assert!(!home.run(["--help"]).ok().out.contains("lua-worker"));
    // Its input has ended before it began.
    let ran = home.run(["lua-worker"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
}

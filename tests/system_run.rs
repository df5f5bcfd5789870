//! Commands as process groups: what they print, what they see, and that nothing of them is left.
#![allow(clippy::unwrap_used, reason = "tests")]

use openpista::{
    config::Redactor,
    domain::secret::Secret,
    sandbox::{
        Exit, Keep, Limits,
        process::{Command, ProcessOutcome, RunError, environment, hide_environment, run},
    },
};
use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command as StdCommand,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Long enough on a busy machine; only reached when something hangs.
const HANG: Duration = Duration::from_secs(60);

struct Place {
    dir: TempDir,
    limits: Limits,
}

impl Place {
    fn new() -> Self {
        let limits = Limits { timeout: HANG, ..Limits::default() };
        Self { dir: tempfile::tempdir().unwrap(), limits }
    }

    fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn spill(&self) -> PathBuf {
        self.path("spill")
    }

    fn command(&self, argv: &[&str]) -> Command {
        Command {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            cwd: self.dir.path().to_owned(),
            env: environment(&[]),
            stdin: None,
        }
    }

    async fn run(&self, command: Command) -> Result<ProcessOutcome, RunError> {
        let keep = Keep { dir: self.spill(), filter: None };
        tokio::time::timeout(2 * HANG, run(command, &self.limits, &keep)).await.expect("the run hangs")
    }

    async fn bash(&self, line: &str) -> ProcessOutcome {
        self.run(self.command(&["bash", "-c", line])).await.unwrap()
    }

    /// The number that a command has written to a file.
    async fn pid(&self, name: &str) -> u32 {
        let end = Instant::now() + HANG;
        loop {
            if let Ok(text) = fs::read_to_string(self.path(name))
                && let Some(line) = text.strip_suffix('\n')
            {
                return line.trim().parse().unwrap();
            }
            assert!(Instant::now() < end, "{name} was never written");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Whether a process runs; one that is dead and not reaped yet doesn't.
fn runs(pid: u32) -> bool {
    let ps = StdCommand::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

async fn assert_gone(pid: u32) {
    let end = Instant::now() + HANG;
    while runs(pid) {
        assert!(Instant::now() < end, "process {pid} is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn output_and_codes_come_back() {
    let place = Place::new();
    let done = place.bash("echo out; echo err >&2").await;
    assert_eq!((done.exit, done.signal), (Exit::Done, None));
    assert_eq!((done.stdout.text.as_str(), done.stderr.text.as_str()), ("out\n", "err\n"));
    assert_eq!((done.stdout.bytes, done.stdout.left_out, done.stdout.spill), (4, 0, None));
    assert_eq!(place.bash("exit 7").await.exit, Exit::Failed(7));
    let killed = place.bash("kill -KILL $$").await;
    assert_eq!((killed.exit, killed.signal), (Exit::Failed(137), Some(9)));
    assert!(!place.spill().exists(), "nothing was too long, so nothing is kept");
}

#[tokio::test]
async fn words_reach_the_program_as_they_are() {
    let place = Place::new();
    let words = ["printf", "%s|", "a b", "$HOME", "`id`", "*", "", "ü\n"];
    let done = place.run(place.command(&words)).await.unwrap();
    assert_eq!(done.stdout.text, "a b|$HOME|`id`|*||ü\n|");
}

#[tokio::test]
async fn input_is_given_or_empty() {
    let place = Place::new();
    assert_eq!(place.run(place.command(&["cat"])).await.unwrap().stdout.text, "");
    let text = "0123456789\n".repeat(100_000);
    let mut counting = place.command(&["wc", "-c"]);
    counting.stdin = Some(text.clone());
    assert_eq!(place.run(counting).await.unwrap().stdout.text.trim(), text.len().to_string());
    // Not reading it all is no error, and nothing waits for it.
    let mut ignoring = place.command(&["true"]);
    ignoring.stdin = Some(text);
    assert_eq!(place.run(ignoring).await.unwrap().exit, Exit::Done);
}

#[tokio::test]
async fn the_directory_is_the_one_asked_for() {
    let place = Place::new();
    fs::create_dir(place.path("sub")).unwrap();
    let mut command = place.command(&["pwd", "-P"]);
    command.cwd = place.path("sub");
    let shown = place.run(command.clone()).await.unwrap().stdout.text;
    assert_eq!(Path::new(shown.trim()), place.path("sub").canonicalize().unwrap());
    for (missing, why) in [(place.path("nowhere"), "No such file"), (PathBuf::from("/dev/null"), "directory")]
    {
        command.cwd = missing;
        let error = place.run(command.clone()).await.unwrap_err();
        assert!(matches!(&error, RunError::Cwd { .. }) && error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_started_is_told() {
    let place = Place::new();
    fs::write(place.path("text"), "no program").unwrap();
    let missing = place.run(place.command(&["no-such-program-here"])).await.unwrap_err();
    assert!(missing.to_string().contains("no-such-program-here") && missing.to_string().contains("PATH"));
    for (argv, expected) in [
        (&["./nowhere"][..], "no such program"),
        (&["./text"], "executable"),
        (&["a\0b"], "no such program"),
        (&["echo", "a\0b"], "nul byte"),
        (&[""], "no such program"),
        (&[], "no program"),
    ] {
        let error = place.run(place.command(argv)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{argv:?}: {error}");
    }
}

#[tokio::test]
async fn programs_come_from_absolute_elements_of_the_path_only() {
    let place = Place::new();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("planted"), "#!/bin/sh\necho planted $0\n").unwrap();
    fs::set_permissions(bin.join("planted"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command(&["planted"]);
    command.env.insert("PATH".into(), "bin:.:/usr/bin".into());
    assert!(matches!(place.run(command.clone()).await, Err(RunError::NotFound { .. })));
    command.env.insert("PATH".into(), bin.clone().into());
    let done = place.run(command).await.unwrap();
    assert_eq!(done.stdout.text, format!("planted {}\n", bin.join("planted").display()));
}

#[tokio::test]
async fn the_deadline_ends_the_whole_group_and_keeps_the_output() {
    let place = Place::new().timeout(Duration::from_secs(1));
    let late = place.bash("echo so far; sleep 1000 & echo $! > pid; sleep 1000").await;
    assert_eq!((late.exit, late.stdout.text.as_str()), (Exit::TimedOut, "so far\n"));
    assert_gone(place.pid("pid").await).await;
}

#[tokio::test]
async fn ignoring_the_request_to_end_does_not_help() {
    let place = Place::new().timeout(Duration::from_millis(500));
    let stubborn = place.bash("trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done").await;
    assert_eq!((stubborn.exit, stubborn.signal), (Exit::TimedOut, Some(9)));
    assert_gone(place.pid("pid").await).await;
}

#[tokio::test]
async fn the_request_to_end_leaves_time_to_tidy_up() {
    let place = Place::new().timeout(Duration::from_millis(500));
    let tidy = place.bash("trap 'echo tidied; exit 3' TERM; while :; do sleep 0.05; done").await;
    assert_eq!((tidy.exit, tidy.stdout.text.as_str()), (Exit::TimedOut, "tidied\n"));
}

#[tokio::test]
async fn dropping_the_call_kills_the_whole_group() {
    let place = Place::new();
    let command = place.command(&["bash", "-c", "sleep 1000 & echo $! > child; echo $$ > leader; wait"]);
    let (child, leader) = tokio::select! {
        _ = place.run(command) => panic!("it ended by itself"),
        pids = async { (place.pid("child").await, place.pid("leader").await) } => pids,
    };
    assert_gone(child).await;
    assert_gone(leader).await;
}

#[tokio::test]
async fn what_runs_in_the_background_ends_with_the_call() {
    let place = Place::new();
    let done = place.bash("sleep 1000 & echo $! > pid; echo started").await;
    assert_eq!((done.exit, done.stdout.text.as_str(), done.held_open), (Exit::Done, "started\n", false));
    assert_gone(place.pid("pid").await).await;
}

#[tokio::test]
async fn a_daemon_that_holds_the_output_is_not_waited_for() {
    let place = Place::new();
    // perl, because not every system has setsid.
    let daemon =
        "use POSIX; POSIX::setsid(); open F, '>pid'; print F \"$$\\n\"; close F; exec qw(sleep 1000)";
    fs::write(place.path("daemon.pl"), daemon).unwrap();
    let done = place.bash("perl daemon.pl & until [ -s pid ]; do sleep 0.01; done; echo started").await;
    let pid = place.pid("pid").await;
    let survived = runs(pid);
    let _ = StdCommand::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(survived, "the daemon left the group");
    assert_eq!((done.exit, done.stdout.text.as_str(), done.held_open), (Exit::Done, "started\n", true));
}

#[tokio::test]
async fn waiting_for_the_terminal_is_noticed() {
    let place = Place::new();
    let stopped = place.bash("echo asking; kill -TTIN $$; echo never").await;
    assert!(stopped.wanted_terminal);
    assert_eq!((stopped.exit, stopped.stdout.text.as_str()), (Exit::Cancelled, "asking\n"));
    // Another kind of stop isn't taken for it.
    let resumed = place.bash("(sleep 0.3; kill -CONT $$) & kill -STOP $$; echo on again").await;
    assert_eq!((resumed.exit, resumed.stdout.text.as_str()), (Exit::Done, "on again\n"));
}

#[tokio::test]
async fn long_output_is_cut_and_kept_whole() {
    let place = Place::new();
    let done = place.bash("seq 1 300000; seq 1 300000 >&2").await;
    let whole: String = (1..=300_000).map(|n| format!("{n}\n")).collect();
    assert!(whole.len() > 1_900_000);
    for stream in [&done.stdout, &done.stderr] {
        let spill = stream.spill.as_ref().unwrap();
        assert!(fs::read_to_string(spill).unwrap() == whole, "the whole is kept");
        assert_eq!(stream.bytes as usize, whole.len());
        assert!(stream.text.starts_with("1\n2\n") && stream.text.ends_with("299999\n300000\n"));
        assert!(stream.text.contains(&format!("{} of {} bytes left out", stream.left_out, stream.bytes)));
        assert!(stream.text.contains(&*spill.to_string_lossy()));
    }
    let shown = done.stdout.text.chars().count() + done.stderr.text.chars().count();
    assert!(shown <= place.limits.output_chars, "{shown}");
    assert!(shown > place.limits.output_chars * 9 / 10, "{shown}");
}

#[tokio::test]
async fn what_just_does_not_fit_is_kept_whole_too() {
    let mut place = Place::new();
    place.limits.output_chars = 1000;
    for count in [999, 1000, 1001, 3999, 4000, 4001, 7999, 8000, 8001, 9000] {
        let done = place.bash(&format!("head -c {count} /dev/zero | tr '\\0' x")).await;
        let fits = count <= 1000;
        assert_eq!((done.stdout.left_out == 0, done.stdout.spill.is_none()), (fits, fits), "{count}");
        if let Some(spill) = &done.stdout.spill {
            assert_eq!(fs::read(spill).unwrap(), vec![b'x'; count]);
        }
    }
}

#[tokio::test]
async fn beyond_its_limit_output_is_counted_and_not_kept() {
    let mut place = Place::new();
    place.limits.spill_bytes = 100_000;
    let done = place.bash("yes | head -c 500000").await;
    assert_eq!((done.stdout.bytes, done.exit), (500_000, Exit::Done));
    assert_eq!(fs::metadata(done.stdout.spill.unwrap()).unwrap().len(), 100_000);
    assert!(done.stdout.text.contains("only its first 100000 bytes are kept"), "{}", done.stdout.text);
}

#[tokio::test]
async fn output_is_cut_between_characters() {
    for width in 0..4 {
        let place = Place::new();
        let line = format!("printf '%{width}s' ''; for i in $(seq 20000); do printf '漢🦀ü'; done");
        let done = place.bash(&line).await;
        assert!(!done.stdout.lossy && !done.stdout.text.contains('\u{fffd}'), "{width}");
        assert!(done.stdout.left_out > 0);
        let text = done.stdout.text.trim_start();
        assert!(text.starts_with("漢🦀ü漢🦀ü") && text.ends_with("漢🦀ü"));
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_shown_as_such_and_kept_raw() {
    let mut place = Place::new();
    let done = place.bash(r"printf 'a\377b\033[31mred\033[0m\007'").await;
    assert_eq!((done.stdout.text.as_str(), done.stdout.lossy), ("a\u{fffd}bred", true));
    place.limits.output_chars = 10;
    let done = place.bash(r"printf '\033[31m%0100d\377' 0").await;
    let raw = fs::read(done.stdout.spill.unwrap()).unwrap();
    assert!(raw.starts_with(b"\x1b[31m000") && raw.ends_with(b"0\xff"));
}

#[tokio::test]
async fn secrets_are_taken_out_before_the_cut() {
    let mut place = Place::new();
    place.limits.output_chars = 2000;
    let redactor = Redactor::default();
    redactor.add("X", &Secret::new("SECRET-VALUE"));
    let keep = Keep { dir: place.spill(), filter: Some(Arc::new(redactor)) };
    let line = "for i in $(seq 400); do printf 'SECRET-VALUE '; done";
    let done = run(place.command(&["bash", "-c", line]), &place.limits, &keep).await.unwrap();
    assert!(done.stdout.left_out > 0 && done.stdout.text.contains("[secret:X]"));
    let kept = fs::read_to_string(done.stdout.spill.expect("kept")).unwrap();
    assert_eq!(kept.matches("[secret:X]").count(), 400);
    for text in [&done.stdout.text, &kept] {
        assert!(!text.contains("SECR") && !text.contains("VALUE"), "{text}");
    }
    assert!(done.stdout.text.contains("all of it is in"), "{}", done.stdout.text);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_costs_only_what_would_be_kept() {
    let place = Place::new();
    fs::write(place.spill(), "a file in the way").unwrap();
    let done = place.bash("seq 1 300000").await;
    assert_eq!((done.exit, done.stdout.spill.clone()), (Exit::Done, None));
    assert!(done.stdout.text.contains("could not be kept") && done.stdout.text.ends_with("300000\n"));
}

/// The largest the test process has been, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_bounded_whatever_is_printed() {
    let place = Place::new();
    let before = peak();
    let done = place.bash("yes | head -c 2G").await;
    let grown = peak() - before;
    assert_eq!((done.exit, done.stdout.bytes), (Exit::Done, 2 << 30));
    assert!(grown < 64 * 1024, "grew by {grown} KiB");
}

/// Runs one of the tests marked `ignore` in a process of its own, with a secret in its environment and
/// without privileges.
fn apart(test: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let exe = dir.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    let mut command = StdCommand::new(exe);
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("OPENAI_API_KEY", "sk-canary-93")
        .env("CHOSEN", "chosen-94")
        .env("TMPDIR", dir.path())
        .current_dir(dir.path());
    let root = StdCommand::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if root {
        command.uid(65534).gid(65534);
    }
    let done = command.output().unwrap();
    let output = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
fn our_environment_is_not_theirs() {
    apart("apart_environment");
}

#[tokio::test]
#[ignore = "run by our_environment_is_not_theirs"]
async fn apart_environment() {
    assert_eq!(std::env::var("OPENAI_API_KEY").unwrap(), "sk-canary-93");
    let place = Place::new();
    let mut command = place.command(&["env"]);
    command.env = environment(&["CHOSEN".to_owned()]);
    command.env.insert("FROM_THE_CALL".into(), "1".into());
    let shown = place.run(command).await.unwrap().stdout.text;
    assert!(!shown.contains("sk-canary"), "{shown}");
    for line in ["CHOSEN=chosen-94", "FROM_THE_CALL=1", "TERM=dumb", "GIT_TERMINAL_PROMPT=0"] {
        assert!(shown.lines().any(|l| l == line), "{line} in {shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn our_environment_cannot_be_looked_up() {
    apart("apart_proc");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "run by our_environment_cannot_be_looked_up"]
async fn apart_proc() {
    let place = Place::new();
    let look = "cat /proc/$PPID/environ | tr '\\0' '\\n' | grep sk-canary";
    assert!(place.bash(look).await.stdout.text.contains("sk-canary-93"), "the hole is there");
    hide_environment();
    assert_eq!(place.bash(look).await.stdout.text, "");
    assert_eq!(place.bash("echo still works").await.stdout.text, "still works\n");
}

/// A git repository, without any configuration but its own.
async fn repository(place: &Place) {
    let done = place
        .bash(
            "git init -q . && git config user.name t && git config user.email t@example.org && \
             git commit -q --allow-empty -m one && git commit -q --allow-empty -m two",
        )
        .await;
    assert_eq!(done.exit, Exit::Done, "{}", done.stderr.text);
}

/// What would wait for a person ends at once, with an error.
async fn fails_at_once(place: &Place, line: &str, words: &str) {
    let done = place.bash(line).await;
    assert!(matches!(done.exit, Exit::Failed(_)), "{line}: {done:?}");
    let said = format!("{}{}", done.stdout.text, done.stderr.text);
    assert!(said.contains(words), "{line}: {said}");
}

#[tokio::test]
async fn git_opens_no_editor_whatever_is_configured() {
    let place = Place::new();
    repository(&place).await;
    let waits = "sleep 600; true";
    for key in ["core.editor", "sequence.editor"] {
        assert_eq!(place.bash(&format!("git config {key} '{waits}'")).await.exit, Exit::Done);
    }
    fails_at_once(&place, "git commit --allow-empty", "problem with the editor").await;
    fails_at_once(&place, "git commit --amend --allow-empty", "problem with the editor").await;
    fails_at_once(&place, "git rebase -i HEAD~1", "problem with the editor").await;
    fails_at_once(&place, "git tag -a v1", "problem with the editor").await;
    // Its exit code says nothing of it.
    let edited = place.bash("git config --edit").await;
    assert!(edited.stderr.text.contains("problem with the editor"), "{edited:?}");
    // What needs no editor works, also a merge, which would open one.
    let line = "git checkout -q -b side HEAD~1 && git commit -q --allow-empty -m side && git merge main 2>/dev/null \
                || git merge master";
    let done = place.bash(line).await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.stdout.text, done.stderr.text);
}

#[tokio::test]
async fn git_asks_for_no_password_whatever_is_configured() {
    let place = Place::new();
    repository(&place).await;
    let asker = place.path("ask");
    fs::write(&asker, "#!/bin/sh\nsleep 600\n").unwrap();
    fs::set_permissions(&asker, fs::Permissions::from_mode(0o755)).unwrap();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in server.incoming() {
            use std::io::{Read, Write};
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4_096]);
            let answer = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let line = format!("git -c core.askPass={} ls-remote http://{address}/x.git", asker.display());
    fails_at_once(&place, &line, "terminal prompts disabled").await;
}

#[test]
fn ssh_opens_no_window_to_ask_for_a_password() {
    apart("apart_ssh");
}

#[tokio::test]
#[ignore = "run by ssh_opens_no_window_to_ask_for_a_password"]
async fn apart_ssh() {
    let place = Place::new();
    let made = place.bash("ssh-keygen -q -t ed25519 -N secret-words -f key").await;
    assert_eq!(made.exit, Exit::Done, "{}", made.stderr.text);
    let asker = place.path("ask");
    fs::write(&asker, "#!/bin/sh\necho asked >> asked\nsleep 600\n").unwrap();
    fs::set_permissions(&asker, fs::Permissions::from_mode(0o755)).unwrap();
    let asker = asker.display().to_string();
    // As in the session of a desktop, also where the user passes all of it on.
    let mut command = place.command(&["ssh-keygen", "-y", "-f", "key"]);
    for (name, value) in
        [("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0"), ("SSH_ASKPASS", asker.as_str())]
    {
        command.env.insert(name.into(), value.into());
    }
    let done = place.run(command.clone()).await.unwrap();
    assert!(matches!(done.exit, Exit::Failed(_)), "{done:?}");
    assert!(!place.path("asked").exists());
    // The hole that is closed by that.
    command.env.remove(std::ffi::OsStr::new("SSH_ASKPASS_REQUIRE"));
    let place = Place { limits: Limits { timeout: Duration::from_secs(2), ..place.limits }, ..place };
    place.run(command).await.unwrap();
    assert!(place.path("asked").exists(), "ssh asks by other means than before: this test says nothing");
}

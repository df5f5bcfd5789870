//! The built program, run in a scratch home.
//!
//! ```ignore
//! let home = Home::with(&fake);
//! home.init("pista.agent(\"main\", { … })");
//! let ran = home.run(["run", "-e", "hello"]);
//! assert_eq!((ran.code, ran.out.as_str()), (Some(0), "hi\n"));
//! ```
//!
//! Every program that is started here has an end: one that takes longer than [`PATIENCE`] is killed, and
//! the test fails.

use super::fake_openai::FakeOpenAi;
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    io::{Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Catches hangs only.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_openpista");

/// A home directory with nothing in it, and a directory to work in. Clones share both.
#[derive(Clone)]
pub struct Home {
    dir: Arc<tempfile::TempDir>,
    env: Vec<(String, String)>,
}

impl Home {
    /// A home in which no model is found: the demo answers.
    pub fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a directory"));
        fs::create_dir(dir.path().join("home")).expect("a home");
        fs::create_dir(dir.path().join("work")).expect("a workspace");
        Self { dir, env: vec![("OPENPISTA_LOCAL_SERVERS".into(), "[]".into())] }
    }

    /// A home in which the model is `server/fake-model` of this server.
    pub fn with(fake: &FakeOpenAi) -> Self {
        Self::new()
            .env("OPENPISTA_BASE_URL", fake.url())
            .env("OPENPISTA_MODEL", "fake-model")
            .env("OPENPISTA_MAX_RETRY_WAIT", "0.05")
    }

    /// Sets a variable for all programs started here.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.into()));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The current directory of the programs.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub fn config(&self) -> PathBuf {
        self.path().join(".config/openpista")
    }

    pub fn state(&self) -> PathBuf {
        self.path().join(".local/state/openpista")
    }

    pub fn database(&self) -> PathBuf {
        self.state().join("openpista.db")
    }

    /// Writes the user's init.lua.
    pub fn init(&self, lua: &str) -> PathBuf {
        self.write(&self.config().join("init.lua"), lua)
    }

    /// Writes the user's config.toml.
    pub fn toml(&self, text: &str) -> PathBuf {
        self.write(&self.config().join("config.toml"), text)
    }

    /// Writes a file, and the directories that it needs.
    pub fn write(&self, path: &Path, text: &str) -> PathBuf {
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("a file");
        path.to_owned()
    }

    /// The program, ready to start.
    pub fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().current_dir(self.work());
        // A daemon has a workspace of its own; here it shares that of the other commands.
        if command.get_args().next() == Some(OsStr::new("start")) {
            command.env("OPENPISTA_WORKSPACE", self.work());
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        command.env("HOME", self.path()).envs(self.env.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Runs the program with an empty standard input.
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        self.pipe(args, "")
    }

    /// Runs the program with this standard input.
    pub fn pipe<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, input: impl AsRef<[u8]>) -> Ran {
        self.start(args, input).wait()
    }

    /// `run -e TEXT`.
    pub fn say(&self, text: &str) -> Ran {
        self.run(["run", "-e", text])
    }

    /// Starts the program, with this standard input.
    pub fn start<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        input: impl AsRef<[u8]>,
    ) -> Running {
        Running::start(self.command(args), input.as_ref())
    }
}

/// A program under way. Killed when dropped.
pub struct Running {
    child: Child,
    out: Option<JoinHandle<Vec<u8>>>,
    err: Option<JoinHandle<Vec<u8>>>,
    /// Standard input, where it stays open.
    open_stdin: Option<ChildStdin>,
}

impl Running {
    /// Starts a command, in a process group of its own.
    pub fn start(command: Command, input: &[u8]) -> Self {
        let mut running = Self::open(command);
        let mut stdin = running.open_stdin.take().expect("a pipe");
        let input = input.to_owned();
        // A program that does not read it closes the pipe.
        thread::spawn(move || drop(stdin.write_all(&input)));
        running
    }

    /// The same; its standard input stays open, and nothing comes.
    pub fn open(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("the program starts");
        let open_stdin = child.stdin.take();
        let out = Some(collect(child.stdout.take().expect("a pipe")));
        let err = Some(collect(child.stderr.take().expect("a pipe")));
        Self { child, out, err, open_stdin }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        signal(name, self.id());
    }

    /// The same, where it may have ended.
    pub fn signal_if_alive(&self, name: &str) {
        if is_alive(self.id()) {
            self.signal(name);
        }
    }

    /// Waits for the end. Fails the test when it takes too long.
    pub fn wait(mut self) -> Ran {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                let (out, err) = self.collected();
                panic!("the program hangs.\nstdout: {out}\nstderr: {err}");
            }
            thread::sleep(Duration::from_millis(3));
        };
        let (out, err) = self.collected();
        Ran::new(status, out, err)
    }

    fn collected(&mut self) -> (String, String) {
        let text = |thread: Option<JoinHandle<Vec<u8>>>| {
            let bytes = thread.expect("once").join().expect("no panic");
            String::from_utf8(bytes).expect("output is UTF-8")
        };
        (text(self.out.take()), text(self.err.take()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = vec![];
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// A program that ended.
#[derive(Debug)]
pub struct Ran {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn new(status: ExitStatus, out: String, err: String) -> Self {
        Self { code: status.code(), signal: status.signal(), out, err }
    }

    /// Fails the test unless it ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Fails the test unless it ended well.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// Fails the test unless all of these words are on standard error.
    #[track_caller]
    pub fn complains<'a>(self, words: impl IntoIterator<Item = &'a str>) -> Self {
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not on stderr: {}", self.err);
        }
        self
    }

    /// Standard output, each line as JSON.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        self.out.lines().map(parse).collect()
    }
}

/// Sends a signal to a process.
pub fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    assert!(status.expect("kill is there").success(), "SIG{name} could not be sent to {pid}");
}

/// Whether a process is there and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = output.expect("ps is there").stdout;
    state.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|state| *state != b'Z')
}

/// Waits until `condition` holds; false when it does not come to hold.
pub fn until(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// A program whose input stays open: lines are given to it while it runs. Killed when dropped.
pub struct Piped {
    child: Child,
    input: Option<ChildStdin>,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl Piped {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (Arc::default(), Arc::default());
        follow(child.stdout.take().expect("a pipe"), &out);
        follow(child.stderr.take().expect("a pipe"), &err);
        Self { input: child.stdin.take(), child, out, err }
    }

    /// Gives it a line.
    pub fn line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it was not ended");
        writeln!(input, "{line}").expect("it reads");
        input.flush().expect("it reads");
    }

    /// What it has written to standard output so far.
    pub fn out(&self) -> String {
        self.out.lock().expect("no panic").clone()
    }

    /// What it has written to standard error so far.
    pub fn err(&self) -> String {
        self.err.lock().expect("no panic").clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends its input, and waits for its end. Fails the test when it takes too long.
    pub fn end(mut self) {
        drop(self.input.take());
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("a status").is_none() {
            assert!(Instant::now() < end, "the program does not end: {}", self.err());
            thread::sleep(Duration::from_millis(3));
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(mut pipe: impl Read + Send + 'static, text: &Arc<Mutex<String>>) {
    let text = Arc::clone(text);
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut piece) {
            text.lock().expect("no panic").push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    });
}

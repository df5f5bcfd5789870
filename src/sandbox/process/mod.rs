//! Commands of the machine's own, as a process group that ends with the call.

mod confine;
mod environment;
mod group;
mod privacy;
mod program;

pub use confine::Confinement;
pub use environment::{DEFAULT_PATH, SCREEN, environment};
pub use privacy::hide_environment;
pub use program::shell;

pub(super) use group::Group;

use super::{Exit, Keep, Limits, Output, Stream, Streams, capture::Capture};
use crate::domain::BoxFuture;
use group::State;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    future::pending,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin},
    signal::unix::{Signal, SignalKind, signal},
    time::{sleep, timeout},
};

/// Between SIGTERM and SIGKILL at the deadline.
pub const TERM_GRACE: Duration = Duration::from_secs(2);

/// How long output is waited for after the command and its process group are gone.
pub const DRAIN_GRACE: Duration = Duration::from_secs(1);

/// What is read at once: as much as a pipe holds.
const READ_SIZE: usize = 64 * 1024;

/// A command to run, without a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments. A program without a slash is looked up in `PATH` of `env`.
    pub argv: Vec<String>,
    /// Where it runs; absolute.
    pub cwd: PathBuf,
    /// Its whole environment: nothing is inherited. See [`environment()`].
    pub env: BTreeMap<OsString, OsString>,
    /// What it reads; without, its input is empty.
    pub stdin: Option<String>,
}

/// What became of a command that could be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOutcome {
    /// How it ended.
    pub exit: Exit,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// From the start to the end of the command itself.
    pub duration: Duration,
    /// Its standard output.
    pub stdout: Output,
    /// Its standard error.
    pub stderr: Output,
    /// It left a process outside its group that still holds the output: reading stopped.
    pub held_open: bool,
    /// It was killed because it stopped to wait for a terminal.
    pub wanted_terminal: bool,
}

/// Why a command could not be started, or not be waited for.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There was nothing to run.
    #[error("there is no program to run: the list of words is empty")]
    Empty,
    /// There is no such program.
    #[error("{program:?} can't be started: there is no such program{}", place(.path))]
    NotFound {
        /// As given.
        program: String,
        /// Where it was looked for; `None` when the program is itself a path.
        path: Option<String>,
    },
    /// There is a file, but not one that can be run.
    #[error("{0:?} can't be started: it isn't an executable file")]
    NotExecutable(String),
    /// There is no such directory to run it in.
    #[error("working directory {path:?}: {why}")]
    Cwd {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system refused.
    #[error("{program:?} can't be started: {source}")]
    Spawn {
        /// As given.
        program: String,
        /// The system's own words.
        source: io::Error,
    },
    /// The command was started and got lost.
    #[error("waiting for the command failed: {0}")]
    Wait(#[source] io::Error),
}

fn place(path: &Option<String>) -> String {
    path.as_ref().map_or_else(String::new, |path| format!(" in PATH ({path})"))
}

/// Takes what a command prints, as it comes; the command waits while it does.
pub trait Tap: Send + Sync {
    /// Takes the next bytes of a stream.
    fn take<'a>(&'a self, stream: Stream, bytes: &'a [u8]) -> BoxFuture<'a, ()>;
}

/// How a command ended whose output somebody else took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessEnd {
    /// How it ended.
    pub exit: Exit,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// From the start to the end of the command itself.
    pub duration: Duration,
    /// It left a process outside its group that still holds the output: reading stopped.
    pub held_open: bool,
    /// It was killed because it stopped to wait for a terminal.
    pub wanted_terminal: bool,
}

/// Runs a command to its end and reads what it prints.
///
/// When this returns, and also when its future is dropped, the whole process group is gone: what
/// was left running in the background is killed. A process that moved to a session of its own
/// survives, but nothing waits for it.
pub async fn run(command: Command, limits: &Limits, keep: &Keep) -> Result<ProcessOutcome, RunError> {
    let mut streams = Streams::new(limits, keep);
    let (out, err) = streams.parts();
    let end = supervise(command, limits.timeout, out, err).await?;
    let ProcessEnd { exit, signal, duration, held_open, wanted_terminal } = end;
    let (stdout, stderr) = streams.show().await;
    Ok(ProcessOutcome { exit, signal, duration, stdout, stderr, held_open, wanted_terminal })
}

/// The same; what is printed goes to `tap`, and is not kept here.
///
/// # Errors
/// As [`run`].
pub async fn run_tapped(command: Command, limit: Duration, tap: &dyn Tap) -> Result<ProcessEnd, RunError> {
    let (mut out, mut err) = (Tapped(tap, Stream::Stdout), Tapped(tap, Stream::Stderr));
    supervise(command, limit, &mut out, &mut err).await
}

/// Takes one stream.
trait Taker: Send {
    fn take(&mut self, bytes: &[u8]) -> impl Future<Output = ()> + Send;
}

impl Taker for Capture {
    async fn take(&mut self, bytes: &[u8]) {
        self.push(bytes).await;
    }
}

struct Tapped<'a>(&'a dyn Tap, Stream);

impl Taker for Tapped<'_> {
    async fn take(&mut self, bytes: &[u8]) {
        self.0.take(self.1, bytes).await;
    }
}

async fn supervise(
    command: Command,
    limit: Duration,
    out: &mut impl Taker,
    err: &mut impl Taker,
) -> Result<ProcessEnd, RunError> {
    let started = Instant::now();
    // Listening begins before the start, so that no end is missed.
    let ends = signal(SignalKind::child()).map_err(RunError::Wait)?;
    let (mut child, group) = start(&command)?;
    let mut running = Running { group, ends, wanted_terminal: false };

    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let reading = async {
        tokio::select! {
            _ = async { tokio::join!(drain(stdout, out), drain(stderr, err)) } => {}
            () = feed(stdin, command.stdin) => {}
        }
    };
    tokio::pin!(reading);
    let mut read = false;
    let mut timed_out = false;
    let left = tokio::select! {
        left = running.leader(&mut reading, &mut read) => left,
        () = sleep(limit) => { timed_out = true; Ok(()) }
    };
    left.map_err(RunError::Wait)?;
    if timed_out {
        running.group.signal(libc::SIGTERM);
        running.group.signal(libc::SIGCONT);
        // Over when all of the group have let go of the output, not only its leader.
        let all = async {
            let _ = running.leader(&mut reading, &mut read).await;
            if !read {
                reading.as_mut().await;
                read = true;
            }
        };
        let _ = timeout(TERM_GRACE, all).await;
    }
    let duration = started.elapsed();
    let status = running.end(&mut child).await.map_err(RunError::Wait)?;
    let held_open = !read && timeout(DRAIN_GRACE, reading).await.is_err();
    let wanted_terminal = running.wanted_terminal;
    let exit = match exit_of(status) {
        _ if timed_out => Exit::TimedOut,
        _ if wanted_terminal => Exit::Cancelled,
        exit => exit,
    };
    Ok(ProcessEnd { exit, signal: status.signal(), duration, held_open, wanted_terminal })
}

fn start(command: &Command) -> Result<(Child, Group), RunError> {
    let name = command.argv.first().ok_or(RunError::Empty)?;
    let why = match std::fs::metadata(&command.cwd) {
        Ok(metadata) if metadata.is_dir() => None,
        Ok(_) => Some("it isn't a directory".to_owned()),
        Err(e) => Some(e.to_string()),
    };
    if let Some(why) = why {
        return Err(RunError::Cwd { path: command.cwd.clone(), why });
    }
    let program = program::find(name, command)?;
    let refused = |source| RunError::Spawn { program: name.clone(), source };
    let child = tokio::process::Command::new(program)
        .arg0(name)
        .args(&command.argv[1..])
        .current_dir(&command.cwd)
        .env_clear()
        .envs(&command.env)
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(refused)?;
    let group = child.id().and_then(Group::led_by).ok_or_else(|| refused(io::ErrorKind::NotFound.into()))?;
    Ok((child, group))
}

/// A command that was started. Dropping it kills its process group.
struct Running {
    group: Group,
    ends: Signal,
    wanted_terminal: bool,
}

impl Running {
    /// Waits until the leader has ended, or has stopped for good; reads meanwhile.
    async fn leader(
        &mut self,
        reading: &mut std::pin::Pin<&mut impl Future<Output = ()>>,
        read: &mut bool,
    ) -> io::Result<()> {
        loop {
            match self.group.leader()? {
                State::Ended => return Ok(()),
                State::WaitsForTerminal => {
                    self.wanted_terminal = true;
                    return Ok(());
                }
                State::Runs => {}
            }
            tokio::select! {
                _ = self.ends.recv() => {}
                () = reading.as_mut(), if !*read => *read = true,
            }
        }
    }

    /// Kills what is left of the group, then lets go of its leader. Until then the leader's number,
    /// which is the group's, can't be given to anyone else.
    async fn end(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        self.group.signal(libc::SIGKILL);
        let status = child.wait().await?;
        self.group.forget();
        Ok(status)
    }
}

/// Reads a stream to its end. A stream that fails has ended.
async fn drain(stream: Option<impl AsyncRead + Unpin>, taker: &mut impl Taker) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0; READ_SIZE];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        taker.take(&buffer[..n]).await;
    }
}

/// Writes what the command shall read, and never ends: only the end of the output matters. A command
/// that doesn't read all of it is free to.
async fn feed(stdin: Option<ChildStdin>, text: Option<String>) {
    if let (Some(mut stdin), Some(text)) = (stdin, text) {
        let _ = stdin.write_all(text.as_bytes()).await;
        let _ = stdin.shutdown().await;
    }
    pending().await
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(0), _) => Exit::Done,
        (Some(code), _) => Exit::Failed(code),
        (None, signal) => Exit::Failed(128 + signal.unwrap_or(0)),
    }
}

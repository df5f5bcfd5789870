//! The side of the engine: starts the process, answers its calls, ends it.

use super::{
    Done, FrameError, GRACE, MAX_REPLY, MAX_REQUEST, MAX_TOTAL, MEMORY, Offered, Reply, Request, Start,
    encode, frames::receive,
};
use crate::{
    domain::{BoxFuture, JsonMap},
    sandbox::{
        Limits,
        process::{DRAIN_GRACE, Group},
    },
};
use std::{
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

/// How much of what the process complains about is read, in bytes.
const MAX_COMPLAINT: u64 = 1_000;

/// Makes the calls of a program.
pub trait Host: Send {
    /// Makes a call.
    fn call(&mut self, name: String, args: JsonMap) -> BoxFuture<'_, Reply>;
}

/// A program to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The program.
    pub code: String,
    /// How many calls it may make.
    pub max_calls: usize,
    /// What it may call.
    pub tools: Vec<Offered>,
    /// The time of its own work, without that of its calls; and the memory of its VM: [`MEMORY`] unless
    /// it says less.
    pub limits: Limits,
}

impl Job {
    fn start(&self) -> Start {
        let memory = self.limits.memory_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        Start {
            code: self.code.clone(),
            timeout_ms: u64::try_from(self.limits.timeout.as_millis()).unwrap_or(u64::MAX).max(1),
            memory: memory.unwrap_or(MEMORY).min(MEMORY),
            max_calls: self.max_calls,
            tools: self.tools.clone(),
        }
    }
}

/// Why a run has no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The process could not be started.
    #[error("the process for Lua can't be started: {0}")]
    Start(#[source] io::Error),
    /// The start could not be sent: the program, or what it may call, is too long.
    #[error("the program can't be handed over: {0}")]
    Handover(#[source] FrameError),
    /// The process ended in the middle.
    #[error("the process for Lua ended: {0}")]
    Ended(String),
    /// The process did not keep to the protocol.
    #[error("the process for Lua was killed: it sent {0}")]
    Lied(String),
    /// The process did not stop at its deadline.
    #[error("the process for Lua was killed: it did not stop after {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// All in all it took too long.
    #[error("killed: with its calls the program took more than {} s", .0.as_secs())]
    TooLong(Duration),
}

/// Runs a program in a process of its own, which is gone when this returns, and also when its future
/// is dropped. The time of the calls does not count as the program's.
pub async fn run(program: &Path, job: &Job, host: &mut dyn Host) -> Result<Done, Broken> {
    let limit = job.limits.timeout;
    let first = encode(&job.start(), MAX_REPLY).map_err(Broken::Handover)?;
    let mut process = Process::start(program, limit).map_err(Broken::Start)?;
    let talk = talk(&mut process, first, limit, job.max_calls, host);
    let mut ended = match timeout(MAX_TOTAL, talk).await {
        Ok(ended) => ended,
        Err(_) => Err(Broken::TooLong(MAX_TOTAL)),
    };
    let (status, complaint) = process.end().await;
    if let Err(Broken::Ended(how)) = &mut ended {
        *how = describe(status, &complaint);
    }
    ended
}

async fn talk(
    process: &mut Process,
    first: Vec<u8>,
    limit: Duration,
    max_calls: usize,
    host: &mut dyn Host,
) -> Result<Done, Broken> {
    let mut left = limit + GRACE;
    let mut frame = first;
    let mut calls = 0;
    loop {
        let began = Instant::now();
        let request = match timeout(left, process.exchange(&frame)).await {
            Ok(request) => request?,
            Err(_) => return Err(Broken::Silent(limit)),
        };
        left = left.saturating_sub(began.elapsed());
        let (name, args) = match request {
            Request::Done(done) => return Ok(done),
            Request::Call { name, args } => (name, args),
        };
        calls += 1;
        if calls > max_calls {
            return Err(Broken::Lied(format!("more than {max_calls} calls")));
        }
        let reply = tokio::select! {
            reply = host.call(name, args) => reply,
            // Nobody is left to read the result; dropping the call stops it.
            _ = process.child.wait() => return Err(Broken::Ended(String::new())),
        };
        frame = match encode(&reply, MAX_REPLY) {
            Ok(frame) => frame,
            Err(error) => {
                let message = format!("the result can't be handed over: {error}");
                encode(&Reply::Failed { status: "error".into(), message }, MAX_REPLY)
                    .map_err(Broken::Handover)?
            }
        };
    }
}

struct Process {
    group: Group,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(program: &Path, limit: Duration) -> io::Result<Self> {
        // The deadline of the program's own clock comes first: it knows the line.
        let cpu_seconds = limit.as_secs() + 1 + GRACE.as_secs();
        let mut child = Command::new(program)
            .arg0("openpista")
            .args(["lua-worker", &cpu_seconds.to_string()])
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(Group::led_by).ok_or(io::ErrorKind::NotFound)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self { group, child, stdin, stdout: BufReader::new(stdout) })
    }

    /// Sends a frame and waits for the next one.
    async fn exchange(&mut self, frame: &[u8]) -> Result<Request, Broken> {
        if self.stdin.write_all(frame).await.is_err() {
            return Err(Broken::Ended(String::new()));
        }
        match receive(&mut self.stdout, MAX_REQUEST).await {
            Ok(request) => Ok(request),
            Err(FrameError::Io(_)) => Err(Broken::Ended(String::new())),
            Err(error) => Err(Broken::Lied(error.to_string())),
        }
    }

    /// Kills the group and reaps its leader; tells how it ended and what it complained about.
    async fn end(mut self) -> (Option<ExitStatus>, String) {
        // One that closed its pipes by ending shall be seen to have ended by itself.
        if let Ok(Some(_)) = self.child.try_wait() {
            self.group.forget();
        }
        self.group.signal(libc::SIGKILL);
        let status = self.child.wait().await.ok();
        self.group.forget();
        let mut complaint = vec![];
        if let Some(stderr) = self.child.stderr.take() {
            let mut stderr = stderr.take(MAX_COMPLAINT);
            let read = stderr.read_to_end(&mut complaint);
            // Nothing holds the other end any more; the limit is for what should not happen.
            tokio::select! { _ = read => {} () = sleep(DRAIN_GRACE) => {} }
        }
        (status, String::from_utf8_lossy(&complaint).trim().to_owned())
    }
}

fn describe(status: Option<ExitStatus>, complaint: &str) -> String {
    let how = match status.map(|status| (status.code(), status.signal())) {
        Some((_, Some(libc::SIGXCPU))) => "its processor time was used up".to_owned(),
        Some((_, Some(libc::SIGABRT))) => "it ran out of memory, or broke down".to_owned(),
        Some((_, Some(signal))) => format!("killed by signal {signal}"),
        Some((Some(code), _)) => format!("exit code {code}"),
        _ => "it is not known how".to_owned(),
    };
    let complaint = complaint.lines().last().unwrap_or_default();
    if complaint.is_empty() { how } else { format!("{how}: {complaint}") }
}

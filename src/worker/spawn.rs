//! One worker, from its container's making to its end.

use super::{
    DEFAULT_TIME, MAX_TIME, MAX_WORKERS, TOKEN_SLACK,
    answering::{Answering, State},
    desk::Asked,
    door::{Door, SOCKET},
    guest,
    program::{GUEST, Program},
    protocol::{Assignment, Boot, Ending, Work},
};
use crate::{
    domain::{
        nearest::suggestion,
        rules::{Access, Match, Rule},
        tool::Effect,
    },
    frame::{self, MESSAGE_LIMIT},
    policy::{Elsewhere, Nested},
    sandbox::{
        Exit, Keep, Limits, Output, Streams,
        docker::{Container, ContainerOutcome, DockerError, Mount, WORKSPACE},
    },
    tool::{
        HEADING_ROOM, Options,
        container::{Profiles, Task},
    },
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{OnceCell, Semaphore, mpsc};

/// Where a worker's tools work that does not see the workspace.
const ELSEWHERE: &str = "/tmp";
/// How much longer than a command's time its container may take: it starts, and tells how the command ended.
const AROUND: Duration = Duration::from_secs(15);
/// What the assignment may take less than a message.
const ROOM: usize = 4 << 10;
/// Characters of a worker's last words that are told when it breaks off.
const LAST_WORDS: usize = 1_000;

/// Runs workers. Those of one program share a door and their places.
pub struct Workers {
    profiles: Arc<Profiles>,
    door: Door,
    places: Arc<Semaphore>,
    /// What they run in place of this very program.
    binary: Option<PathBuf>,
    program: OnceCell<Program>,
    options: Options,
    max_tool_rounds: u32,
}

/// What a worker shall do.
pub(super) struct Order {
    pub(super) profile: Option<String>,
    pub(super) what: What,
    /// Names, and patterns such as `fs.*`; `None`: the tools that only look.
    pub(super) tools: Option<Vec<String>>,
    pub(super) timeout: Option<Duration>,
}

/// A turn or a command.
pub(super) enum What {
    Turn(String),
    Command { argv: Vec<String>, stdin: Option<String> },
}

/// What became of a worker.
pub(super) struct Report {
    pub(super) exit: Exit,
    /// What it says itself; `None`: it broke off.
    pub(super) ending: Option<Ending>,
    /// Whether something in it was killed for want of memory.
    pub(super) out_of_memory: bool,
    /// What its command printed; `None`: it had a task.
    pub(super) printed: Option<(Output, Output)>,
    pub(super) profile: String,
    pub(super) duration: Duration,
    pub(super) limit: Duration,
    /// The end of what its program wrote to standard error.
    pub(super) last_words: String,
}

/// Why there is no report.
pub(super) struct NoReport {
    /// For a person to read.
    pub(super) message: String,
    /// What its command printed until the engine was lost.
    pub(super) printed: Option<(Output, Output)>,
}

impl<E: std::fmt::Display> From<E> for NoReport {
    fn from(error: E) -> Self {
        Self { message: error.to_string(), printed: None }
    }
}

impl Workers {
    /// Workers in these profiles, with `options` for their tools. `places` is shared by all workers of
    /// the program; [`places`](Self::places) makes it. `binary` is what they run in place of this very
    /// program.
    pub fn new(
        profiles: Arc<Profiles>,
        door: Door,
        places: Arc<Semaphore>,
        binary: Option<PathBuf>,
        options: Options,
        max_tool_rounds: u32,
    ) -> Self {
        Self { profiles, door, places, binary, program: OnceCell::new(), options, max_tool_rounds }
    }

    /// Places for all workers of a program.
    pub fn places() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(MAX_WORKERS))
    }

    /// The names of the profiles.
    pub(super) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Has a worker do it. Dropping the future ends the worker, and all that it runs.
    ///
    /// # Errors
    /// For a person to read: why there was no worker.
    pub(super) async fn run(&self, order: Order, nested: &dyn Nested) -> Result<Report, NoReport> {
        let tools = tools(order.tools.as_deref())?;
        let task = Task { profile: order.profile.clone(), ..Task::default() };
        let (profile, container) = self.profiles.prepared(&task)?;
        let time = time(&order, profile.timeout)?;
        // Never closed.
        let _place = self.places.acquire().await;
        // Before there is a token: a pull takes none of its time.
        let progress = self.profiles.progress(nested);
        let engine = self.profiles.engine();
        engine.image(&container.image, time, &progress).await.map_err(no_worker)?;
        let open = self.door.open().await?;
        let (ticket, asked) = open.admit(&format!("worker in {}", profile.name), time + TOKEN_SLACK)?;
        let socket = Mount { host: open.dir().to_owned(), guest: format!("{GUEST}/door"), writable: false };
        let boot = Boot {
            socket: format!("{GUEST}/door/{SOCKET}"),
            fingerprint: open.fingerprint().to_string(),
            token: ticket.token.expose().to_owned(),
        };
        let container = self.outfitted(container, socket, &boot).await?;
        let command = matches!(order.what, What::Command { .. });
        let assignment = self.assignment(order.what, &tools, nested, &container, time)?;
        let keep = self.keep();
        let answering = Answering {
            nested,
            elsewhere: elsewhere(&profile.name, &tools),
            assignment,
            tools,
            redact: self.options.redact.clone(),
            state: State::default().into(),
            printed: Streams::new(&self.printing(), &keep).into(),
        };
        // A command ends by itself at its time, and its worker tells of it.
        let timeout = if command { time + AROUND } else { time };
        let limits = Limits { timeout, memory_bytes: profile.memory_bytes, ..Limits::default() };
        let outcome = self.served(&container, &limits, &answering, asked).await;
        drop(ticket);
        let ending = answering.ending();
        let printed = match command {
            true => Some(answering.printed().await),
            false => None,
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return Err(NoReport { printed, ..no_worker(error) }),
        };
        Ok(Report {
            exit: outcome.exit,
            ending,
            out_of_memory: outcome.out_of_memory,
            printed,
            profile: profile.name.clone(),
            duration: outcome.duration,
            limit: time,
            last_words: crate::domain::cut::middle(outcome.stderr.text.trim(), LAST_WORDS),
        })
    }

    fn keep(&self) -> Keep {
        Keep { dir: self.options.spill_dir.clone(), filter: self.options.redact.clone() }
    }

    /// The limits of what a command prints: those of `system.run`.
    fn printing(&self) -> Limits {
        Limits {
            output_chars: self.options.output_chars.saturating_sub(HEADING_ROOM),
            spill_bytes: self.options.spill_bytes,
            ..Limits::default()
        }
    }

    /// What the worker is to do.
    fn assignment(
        &self,
        what: What,
        tools: &[String],
        nested: &dyn Nested,
        container: &Container,
        time: Duration,
    ) -> Result<Assignment, String> {
        let sees_workspace = container.mounts.iter().any(|mount| mount.guest == WORKSPACE);
        let command = matches!(what, What::Command { .. });
        let assignment = Assignment {
            work: self.work(what, tools, nested),
            workspace: if sees_workspace { WORKSPACE } else { ELSEWHERE }.to_owned(),
            timeout: self.options.timeout.as_secs_f64(),
            max_timeout: if command { time } else { self.options.max_timeout.min(time) }.as_secs_f64(),
            output_chars: self.options.output_chars,
            spill_bytes: self.options.spill_bytes,
        };
        let length = frame::length(&assignment).map_err(|error| error.to_string())?;
        match length <= MESSAGE_LIMIT - ROOM {
            true => Ok(assignment),
            false => Err(format!(
                "the task and what it reads are too large: {length} bytes as JSON, and a worker takes {MESSAGE_LIMIT}; \
                 put it into a file of the workspace"
            )),
        }
    }

    /// The container with this program in it, its way to us, and no other way out.
    async fn outfitted(
        &self,
        mut container: Container,
        socket: Mount,
        boot: &Boot,
    ) -> Result<Container, String> {
        let find = || async {
            let binary = self.binary.clone();
            let found = tokio::task::spawn_blocking(move || Program::find(binary.as_deref()));
            match found.await {
                Ok(found) => found.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        let program = self.program.get_or_try_init(find).await?;
        container.network = false;
        container.argv = program.argv.clone();
        container.argv.push("worker".into());
        container.mounts.extend(program.mounts.iter().cloned());
        container.mounts.push(socket);
        // Not in its arguments or its environment: the engine shows those to whoever asks.
        container.stdin = Some(serde_json::to_string(boot).map_err(|error| error.to_string())?);
        Ok(container)
    }

    fn work(&self, what: What, tools: &[String], nested: &dyn Nested) -> Work {
        match what {
            What::Command { argv, stdin } => Work::Command { argv, stdin },
            What::Turn(text) => Work::Turn {
                text,
                system: guest::system_prompt(),
                tools: tools.to_vec(),
                context_window: nested.facts("").context_window,
                max_tool_rounds: self.max_tool_rounds,
                max_tokens: None,
            },
        }
    }

    /// Runs the container, and answers what the worker asks meanwhile.
    async fn served(
        &self,
        container: &Container,
        limits: &Limits,
        answering: &Answering<'_>,
        mut asked: mpsc::Receiver<Asked>,
    ) -> Result<ContainerOutcome, DockerError> {
        let (keep, progress) = (self.keep(), self.profiles.progress(answering.nested));
        let running = self.profiles.engine().run(container, limits, &keep, &progress);
        let serving = async {
            let mut open = FuturesUnordered::new();
            loop {
                tokio::select! {
                    Some(request) = asked.recv() => open.push(answering.take(request)),
                    Some(()) = open.next(), if !open.is_empty() => {}
                    else => std::future::pending::<()>().await,
                }
            }
        };
        tokio::select! {
            outcome = running => outcome,
            () = serving => Err(DockerError::Engine("the worker could not be served".into())),
        }
    }
}

/// How long a worker may take.
fn time(order: &Order, profile: Option<Duration>) -> Result<Duration, String> {
    let most = MAX_TIME.max(profile.unwrap_or_default());
    match order.timeout {
        Some(time) if time > most => Err(format!("timeout must be at most {} seconds", most.as_secs_f64())),
        Some(time) => Ok(time),
        None => Ok(profile.unwrap_or(DEFAULT_TIME)),
    }
}

/// Why there was no worker, or why nobody knows what became of it.
fn no_worker(error: DockerError) -> NoReport {
    match error {
        DockerError::Lost(_) => error.into(),
        error => format!("{error}. No worker ran: a worker needs a container").into(),
    }
}

/// The policy of the worker's place: calls of the tools that it was given are as allowed as the spawning
/// of the worker was. What the agent's own rules say of them is stricter, and counts.
fn elsewhere(profile: &str, tools: &[String]) -> Elsewhere {
    let place = format!("a container of the profile {profile}");
    let rule = |name: &String| Rule {
        access: Access::Allow,
        matches: Match::Name(name.clone()),
        location: "the worker's tools".into(),
    };
    Elsewhere { rules: tools.iter().map(rule).collect(), place }
}

/// The names of the tools that are meant.
fn tools(wanted: Option<&[String]>) -> Result<Vec<String>, String> {
    let all = guest::specs();
    let Some(wanted) = wanted else {
        return Ok(all
            .into_iter()
            .filter(|spec| spec.effect == Effect::Read)
            .map(|spec| spec.name)
            .collect());
    };
    for pattern in wanted {
        let fits = |name: &str| fits(pattern, name);
        if !all.iter().any(|spec| fits(&spec.name)) {
            let hint = suggestion(pattern, all.iter().map(|spec| spec.name.as_str()));
            return Err(format!("tools: a worker has no tool {pattern:?} ({hint})"));
        }
    }
    let given = all.into_iter().map(|spec| spec.name);
    Ok(given.filter(|name| wanted.iter().any(|pattern| fits(pattern, name))).collect())
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => pattern == name,
    }
}

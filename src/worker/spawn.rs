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
        event::TurnEvent,
        nearest::suggestion,
        rules::{Access, Match, Rule},
        tool::Effect,
    },
    policy::{Elsewhere, Nested},
    sandbox::{
        Exit, Keep, Limits,
        docker::{Container, ContainerOutcome, Mount, WORKSPACE},
    },
    tool::{
        Options,
        container::{Profiles, Task},
    },
};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{OnceCell, Semaphore, mpsc};

/// Where a worker's tools work that does not see the workspace.
const ELSEWHERE: &str = "/tmp";
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
    pub(super) profile: String,
    pub(super) duration: Duration,
    pub(super) limit: Duration,
    /// The end of what its program wrote to standard error.
    pub(super) last_words: String,
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
    pub(super) async fn run(&self, order: Order, nested: &dyn Nested) -> Result<Report, String> {
        let tools = tools(order.tools.as_deref())?;
        let task = Task { profile: order.profile.clone(), ..Task::default() };
        let (profile, container) = self.profiles.prepared(&task)?;
        let time = order.timeout.or(profile.timeout).unwrap_or(DEFAULT_TIME).min(MAX_TIME);
        // Never closed.
        let _place = self.places.acquire().await;
        let open = self.door.open().await.map_err(|error| error.to_string())?;
        let (ticket, asked) = open
            .admit(&format!("worker in {}", profile.name), time + TOKEN_SLACK)
            .map_err(|error| error.to_string())?;
        let socket = Mount { host: open.dir().to_owned(), guest: format!("{GUEST}/door"), writable: false };
        let boot = Boot {
            socket: format!("{GUEST}/door/{SOCKET}"),
            fingerprint: open.fingerprint().to_string(),
            token: ticket.token.expose().to_owned(),
        };
        let container = self.outfitted(container, socket, &boot).await?;
        let sees_workspace = container.mounts.iter().any(|mount| mount.guest == WORKSPACE);
        let answering = Answering {
            nested,
            elsewhere: elsewhere(&profile.name, &tools),
            assignment: Assignment {
                work: self.work(order.what, &tools, nested),
                workspace: if sees_workspace { WORKSPACE } else { ELSEWHERE }.to_owned(),
                timeout: self.options.timeout.as_secs_f64(),
                max_timeout: self.options.max_timeout.min(time).as_secs_f64(),
                output_chars: self.options.output_chars,
            },
            tools,
            redact: self.options.redact.clone(),
            state: State::default().into(),
        };
        let limits = Limits { timeout: time, memory_bytes: profile.memory_bytes, ..Limits::default() };
        let outcome = self.served(&container, &limits, &answering, asked).await?;
        drop(ticket);
        Ok(Report {
            exit: outcome.exit,
            ending: answering.ending(),
            profile: profile.name.clone(),
            duration: outcome.duration,
            limit: time,
            last_words: crate::domain::cut::middle(outcome.stderr.text.trim(), LAST_WORDS),
        })
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
    ) -> Result<ContainerOutcome, String> {
        let keep = Keep { dir: self.options.spill_dir.clone(), filter: self.options.redact.clone() };
        let progress = |text: &str| answering.nested.tell(TurnEvent::Notice { text: text.to_owned() });
        let engine = self.profiles.engine().await;
        let running = engine.run(container, limits, &keep, &progress);
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
            outcome = running => outcome.map_err(|error| format!("{error}. No worker ran: a worker needs a container")),
            () = serving => Err("the worker could not be served".into()),
        }
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

//! One container, from its making to its removal.
//!
//! What comes before the container's start has the time of the call, so that an engine that does not answer
//! holds nobody up for longer; from the start on, the container has it.

mod ending;
mod watching;

use super::{
    Container, ContainerOutcome, Docker, DockerError, Progress, create,
    error::{Lost, Step, answered, phrase, words},
    remove::Removal,
};
use crate::sandbox::{Exit, Keep, Limits, Streams};
use bollard::{
    Docker as Client,
    container::AttachContainerResults,
    errors::Error,
    query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, StartContainerOptions},
};
use ending::Ended;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;
use watching::Watched;

/// The exit code of what SIGKILL ended.
const KILLED: i64 = 137;
/// What the names of containers begin with.
const PREFIX: &str = "openpista-";

/// Until when what comes before a container's start may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    limit: Duration,
    at: tokio::time::Instant,
}

impl Deadline {
    pub(super) fn within(limit: Duration) -> Self {
        let now = tokio::time::Instant::now();
        // Beyond what clocks count it is as good as never.
        let at = now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(365 * 86_400));
        Self { limit, at }
    }

    pub(super) fn limit(self) -> Duration {
        self.limit
    }

    /// `None`: it was not done in time.
    pub(super) async fn until<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.at, work).await.ok()
    }

    /// What the engine answers to a step, if it answers in time.
    pub(super) async fn step<T>(self, step: Step, work: impl Future<Output = T>) -> Result<T, DockerError> {
        let message = || format!("did not answer within {} s", self.limit.as_secs_f64());
        self.until(work).await.ok_or_else(|| DockerError::NotRun { step, message: message() })
    }

    /// A step that failed before anything ran.
    pub(super) fn not_run(self, step: Step, error: &Error) -> DockerError {
        match answered(error) {
            true => DockerError::Engine(words(error)),
            false => DockerError::NotRun { step, message: phrase(error) },
        }
    }
}

impl Docker {
    /// Runs a container to its end, or to its limits, and removes it. Dropping the future kills it.
    ///
    /// # Errors
    /// When it could not be run at all, or the engine was lost and it is not known how it ended. A program
    /// in it that fails is an outcome.
    pub async fn run(
        &self,
        container: &Container,
        limits: &Limits,
        keep: &Keep,
        progress: Progress<'_>,
    ) -> Result<ContainerOutcome, DockerError> {
        let deadline = Deadline::within(limits.timeout);
        self.have(&container.image, deadline, progress).await?;
        let client = self.client_by(deadline).await?;
        self.retry_removals(client);
        let numbers = self.numbers(deadline).await?;
        // By a name of our own, so that it can be removed also where the answer to its making is lost.
        let name = format!("{PREFIX}{}", ulid::Ulid::generate().to_string().to_ascii_lowercase());
        let removal = Removal::of(client, &name, &self.removals);
        let body = create::body(container, limits, self, numbers);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let made = deadline.step(Step::Create, client.create_container(Some(options), body)).await?;
        made.map_err(|error| deadline.not_run(Step::Create, &error))?;
        let attached = attach(client, &name, container, deadline).await?;
        let mut streams = Streams::new(limits, keep);
        let started = Instant::now();
        if let Err(failure) = start(client, &name, deadline).await {
            removal.now().await;
            return Err(failure);
        }
        let watched = watching::watch(client, &name, container, limits, attached, &mut streams).await;
        let duration = started.elapsed();
        let ended = ending::settle(client, &name, &watched).await;
        // An engine that does not answer is not waited for once more.
        match watched {
            Watched::TimedOut { killed: false } => drop(removal),
            _ => removal.now().await,
        }
        let timed_out = matches!(watched, Watched::TimedOut { .. });
        let (stdout, stderr) = streams.show().await;
        let Ended { code, out_of_memory } = match ended {
            Ok(ended) => ended,
            Err(message) => {
                let lost =
                    Lost { container: name, step: Step::Wait, message, ran: Some(duration), stdout, stderr };
                return Err(DockerError::Lost(Box::new(lost)));
            }
        };
        let exit = match code {
            _ if timed_out => Exit::TimedOut,
            0 => Exit::Done,
            KILLED if out_of_memory => Exit::OutOfMemory,
            code => Exit::Failed(i32::try_from(code).unwrap_or(1)),
        };
        Ok(ContainerOutcome { exit, out_of_memory, stdout, stderr, duration })
    }
}

/// Attaches before the start, so that no output is missed.
async fn attach(
    client: &Client,
    name: &str,
    container: &Container,
    deadline: Deadline,
) -> Result<AttachContainerResults, DockerError> {
    let options = AttachContainerOptionsBuilder::new()
        .stream(true)
        .stdin(container.stdin.is_some())
        .stdout(true)
        .stderr(true)
        .build();
    let attached = deadline.step(Step::Attach, client.attach_container(name, Some(options))).await?;
    attached.map_err(|error| deadline.not_run(Step::Attach, &error))
}

/// Starts it. Where the answer is lost, it is not known whether it runs.
async fn start(client: &Client, name: &str, deadline: Deadline) -> Result<(), DockerError> {
    let starting = client.start_container(name, None::<StartContainerOptions>);
    let message = match deadline.until(starting).await {
        Some(Ok(())) => return Ok(()),
        Some(Err(error)) if answered(&error) => return Err(DockerError::Start(words(&error))),
        Some(Err(error)) => phrase(&error),
        None => format!("did not answer within {} s", deadline.limit().as_secs_f64()),
    };
    let (stdout, stderr) = Default::default();
    let lost = Lost { container: name.to_owned(), step: Step::Start, message, ran: None, stdout, stderr };
    Err(DockerError::Lost(Box::new(lost)))
}

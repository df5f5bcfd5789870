//! One container, from its making to its removal.

use super::{
    Container, ContainerOutcome, Docker, DockerError, Progress, create, error::words, remove::Removal,
};
use crate::sandbox::{
    Exit, Keep, Limits,
    capture::{Capture, show},
};
use bollard::{
    container::{AttachContainerResults, LogOutput},
    errors::Error,
    query_parameters::{
        AttachContainerOptionsBuilder, CreateContainerOptions, InspectContainerOptions,
        KillContainerOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
    },
};
use futures_util::{Stream, StreamExt};
use std::{
    future::pending,
    pin::pin,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};

/// How long the rest of the output is waited for after a container was killed.
const DRAIN: Duration = Duration::from_secs(2);
/// The exit code of what SIGKILL ended.
const KILLED: i64 = 137;

impl Docker {
    /// Runs a container to its end, or to its limits, and removes it. Dropping the future kills it.
    ///
    /// # Errors
    /// When it could not be run at all. A program in it that fails is an outcome.
    pub async fn run(
        &self,
        container: &Container,
        limits: &Limits,
        keep: &Keep,
        progress: Progress<'_>,
    ) -> Result<ContainerOutcome, DockerError> {
        self.have(&container.image, progress).await?;
        let client = self.client().await?;
        let body = create::body(container, limits, &self.owner, self.numbers().await?);
        let made = client.create_container(None::<CreateContainerOptions>, body).await?;
        let removal = Removal::of(client, &made.id, &self.removals);
        // Attached before the start, so that no output is missed.
        let attach = AttachContainerOptionsBuilder::new()
            .stream(true)
            .stdin(container.stdin.is_some())
            .stdout(true)
            .stderr(true)
            .build();
        let AttachContainerResults { output, mut input } =
            client.attach_container(&made.id, Some(attach)).await?;
        let (mut out, mut err) = (Capture::new("out", limits, keep), Capture::new("err", limits, keep));
        let started = Instant::now();
        if let Err(error) = client.start_container(&made.id, None::<StartContainerOptions>).await {
            removal.now().await;
            return Err(DockerError::Start(words(&error)));
        }
        // Asked for after the start, so that it also answers for one that has ended already.
        let stopped = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut ending = pin!(client.wait_container(&made.id, Some(stopped)));
        let feeding = async {
            if let Some(text) = &container.stdin {
                // A program that does not read it has ended.
                let _ = input.write_all(text.as_bytes()).await;
                let _ = input.shutdown().await;
            }
            pending::<()>().await
        };
        let mut output = output;
        let finished = {
            let reading = async { tokio::join!(read(&mut output, &mut out, &mut err), ending.next()).1 };
            tokio::select! {
                ended = timeout(limits.timeout, reading) => ended,
                () = feeding => Ok(None),
            }
        };
        let duration = started.elapsed();
        let timed_out = finished.is_err();
        if timed_out {
            let kill = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
            // It may have ended this moment.
            let _ = client.kill_container(&made.id, Some(kill)).await;
            let _ = timeout(DRAIN, read(&mut output, &mut out, &mut err)).await;
        }
        let (code, out_of_memory) = self.end(&made.id, finished.ok().flatten()).await?;
        removal.now().await;
        let exit = match code {
            _ if timed_out => Exit::TimedOut,
            0 => Exit::Done,
            KILLED if out_of_memory => Exit::OutOfMemory,
            code => Exit::Failed(i32::try_from(code).unwrap_or(1)),
        };
        let (stdout, stderr) = show(out, err, limits).await;
        Ok(ContainerOutcome { exit, out_of_memory, stdout, stderr, duration })
    }

    /// The exit code, and whether something was killed for want of memory.
    async fn end(
        &self,
        id: &str,
        ended: Option<Result<bollard::models::ContainerWaitResponse, Error>>,
    ) -> Result<(i64, bool), DockerError> {
        let client = self.client().await?;
        // The engine may take a moment to write down that it was killed.
        for _ in 0..20 {
            let inspected = client.inspect_container(id, None::<InspectContainerOptions>).await?;
            let state = inspected.state.unwrap_or_default();
            if state.running != Some(true) {
                let known = match &ended {
                    Some(Ok(response)) => Some(response.status_code),
                    Some(Err(Error::DockerContainerWaitError { code, .. })) => Some(*code),
                    _ => None,
                };
                return Ok((known.or(state.exit_code).unwrap_or(1), state.oom_killed.unwrap_or(false)));
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err(DockerError::Engine("the container could not be stopped".into()))
    }
}

/// Reads to the end of both streams.
async fn read(
    output: &mut (impl Stream<Item = Result<LogOutput, Error>> + Unpin),
    out: &mut Capture,
    err: &mut Capture,
) {
    while let Some(piece) = output.next().await {
        match piece {
            Ok(LogOutput::StdErr { message }) => err.push(&message).await,
            Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => out.push(&message).await,
            Ok(LogOutput::StdIn { .. }) => {}
            Err(error) => {
                tracing::debug!("the output of a container broke off: {error}");
                return;
            }
        }
    }
}

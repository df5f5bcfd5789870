//! What a container prints, until it has ended or its time is over.

use super::ending;
use crate::sandbox::{Limits, Stream as Which, Streams, docker::Container};
use bollard::{
    Docker as Client,
    container::{AttachContainerResults, LogOutput},
    errors::Error,
    models::ContainerWaitResponse,
    query_parameters::WaitContainerOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use std::{future::pending, pin::pin, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, timeout},
};

/// How long the rest of the output is waited for after a container has ended, or was lost.
const DRAIN: Duration = Duration::from_secs(2);

/// Between two tries to be told of a container's end.
const AGAIN: Duration = Duration::from_millis(500);

/// What was seen of a container's end.
#[derive(Debug)]
pub(super) enum Watched {
    /// It ended, with this code.
    Ended(i64),
    /// Its time was over; whether the engine killed it.
    TimedOut { killed: bool },
    /// The engine tells nothing more of it.
    Lost(Error),
    /// The same, without an error.
    Silent,
}

/// Takes what a container prints, until it has ended, its time is over, or the engine is lost.
pub(super) async fn watch(
    client: &Client,
    name: &str,
    container: &Container,
    limits: &Limits,
    attached: AttachContainerResults,
    streams: &mut Streams,
) -> Watched {
    let AttachContainerResults { mut output, mut input } = attached;
    let feeding = async {
        if let Some(text) = &container.stdin {
            // A program that does not read it has ended.
            let _ = input.write_all(text.as_bytes()).await;
            let _ = input.shutdown().await;
        }
        pending::<()>().await
    };
    let mut reading = pin!(read(&mut output, streams));
    let mut read_all = false;
    let watched = {
        let mut ending = pin!(end(client, name));
        let watching = async {
            loop {
                tokio::select! {
                    watched = ending.as_mut() => return watched,
                    () = reading.as_mut(), if !read_all => read_all = true,
                }
            }
        };
        tokio::select! {
            watched = watching => Some(watched),
            () = sleep(limits.timeout) => None,
            () = feeding => None,
        }
    };
    let watched = match watched {
        Some(watched) => watched,
        // What runs on has to be killed before its output can end.
        None => Watched::TimedOut { killed: ending::kill(client, name).await },
    };
    // The end of a container may be told before the end of its output.
    if !read_all && !matches!(watched, Watched::TimedOut { killed: false }) {
        let _ = timeout(DRAIN, reading).await;
    }
    watched
}

/// Waits for the end of a container, anew where the connection breaks off while it runs on.
async fn end(client: &Client, name: &str) -> Watched {
    loop {
        // Asked for after the start, so that it also answers for one that has ended already.
        let stopped = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut ending = pin!(client.wait_container(name, Some(stopped)));
        let watched = seen(ending.next().await);
        if matches!(watched, Watched::Ended(_)) || !ending::runs(client, name).await {
            return watched;
        }
        sleep(AGAIN).await;
    }
}

fn seen(ended: Option<Result<ContainerWaitResponse, Error>>) -> Watched {
    match ended {
        Some(Ok(response)) => Watched::Ended(response.status_code),
        Some(Err(Error::DockerContainerWaitError { code, .. })) => Watched::Ended(code),
        Some(Err(error)) => Watched::Lost(error),
        None => Watched::Silent,
    }
}

/// Reads to the end of both streams.
async fn read(output: &mut (impl Stream<Item = Result<LogOutput, Error>> + Unpin), streams: &mut Streams) {
    while let Some(piece) = output.next().await {
        match piece {
            Ok(LogOutput::StdErr { message }) => streams.push(Which::Stderr, &message).await,
            Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => {
                streams.push(Which::Stdout, &message).await;
            }
            Ok(LogOutput::StdIn { .. }) => {}
            Err(error) => {
                let words = crate::sandbox::docker::error::phrase(&error);
                tracing::warn!("the output of a container is not whole: the Docker engine {words}");
                return;
            }
        }
    }
}

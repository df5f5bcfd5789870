//! How a container ended, as far as the engine tells.

use super::{
    super::error::{answered, phrase},
    KILLED,
    watching::Watched,
};
use bollard::{
    Docker as Client,
    models::ContainerState,
    query_parameters::{InspectContainerOptions, KillContainerOptionsBuilder},
};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long an engine may take to kill a container, or to tell how one ended.
const ANSWER: Duration = Duration::from_secs(3);
/// How often a container that was lost sight of is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How a container ended.
pub(super) struct Ended {
    pub(super) code: i64,
    /// Whether something was killed for want of memory.
    pub(super) out_of_memory: bool,
}

/// Kills it. It may have ended this moment, and the engine may not answer.
pub(super) async fn kill(client: &Client, name: &str) -> bool {
    let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
    let why = match timeout(ANSWER, client.kill_container(name, Some(options))).await {
        Ok(Err(error)) if !answered(&error) => phrase(&error),
        Ok(_) => return true,
        Err(_) => "does not answer".into(),
    };
    tracing::warn!("the container {name} is past its time and may run on: the Docker engine {why}");
    false
}

/// Whether the engine says that a container runs.
pub(super) async fn runs(client: &Client, name: &str) -> bool {
    let inspecting = client.inspect_container(name, None::<InspectContainerOptions>);
    let state = timeout(ANSWER, inspecting).await.ok().and_then(Result::ok).and_then(|found| found.state);
    state.is_some_and(|state| state.running == Some(true))
}

/// The exit code, and whether something was killed for want of memory; what went wrong, where nobody can tell.
pub(super) async fn settle(client: &Client, name: &str, watched: &Watched) -> Result<Ended, String> {
    if matches!(watched, Watched::TimedOut { killed: false }) {
        return Ok(Ended { code: KILLED, out_of_memory: false });
    }
    let state = look(client, name).await;
    let out_of_memory = state.as_ref().is_ok_and(|state| state.oom_killed == Some(true));
    let told = state.map(|state| state.exit_code.unwrap_or(1));
    let code = match (watched, told) {
        (Watched::Ended(code), _) => *code,
        // It was killed, whatever the engine says of it.
        (Watched::TimedOut { .. }, told) => told.unwrap_or(KILLED),
        (_, Ok(code)) => code,
        (Watched::Lost(error), Err(_)) => return Err(phrase(error)),
        (Watched::Silent, Err(message)) => return Err(message),
    };
    Ok(Ended { code, out_of_memory })
}

/// The state of a container that has ended, or does so soon: the engine may take a moment to write down that
/// it was killed.
async fn look(client: &Client, name: &str) -> Result<ContainerState, String> {
    let end = Instant::now() + ANSWER;
    loop {
        let inspecting = client.inspect_container(name, None::<InspectContainerOptions>);
        let left = end.saturating_duration_since(Instant::now());
        let inspected = match timeout(left, inspecting).await {
            Ok(inspected) => inspected.map_err(|error| phrase(&error))?,
            Err(_) => return Err("did not tell how it ended".into()),
        };
        let state = inspected.state.unwrap_or_default();
        if state.running != Some(true) {
            return Ok(state);
        }
        sleep(LOOK).await;
    }
}

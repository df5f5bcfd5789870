//! `--prove`: tokens of workers that are good no longer, tried at the door that workers come to.

use super::{Finding, Health, escapes::judged};
use crate::{
    app::Loaded,
    quic::{Address, Client, ClientError, Target, protocol::Request},
};
use std::time::Duration;

const CHECK: &str = "workers";
/// How long the tokens would be good.
const LIFE: Duration = Duration::from_secs(60);

pub(super) async fn prove(loaded: &Loaded, found: &mut impl FnMut(Finding)) {
    match attempts(loaded, found).await {
        Ok(()) => {}
        Err(problem) => found(Finding::new(CHECK, Health::Fail, problem)),
    }
}

async fn attempts(loaded: &Loaded, found: &mut impl FnMut(Finding)) -> Result<(), String> {
    let door = &loaded.process().door;
    let (socket, fingerprint) = door.place().await.map_err(text)?;
    let passes = door.passes().await.map_err(text)?;
    let target = Target { address: Address::Unix(socket), fingerprint };
    let (worker, token) = passes.issue("doctor", LIFE).map_err(text)?;
    let client = Client::connect(target.clone(), token.clone()).await.map_err(text)?;
    client.ask(&Request::Ping {}).await.map_err(text)?;
    let status = client.ask(&Request::Status {}).await;
    refused("asking for what is not a worker's business", status, found);
    passes.revoke(&worker);
    refused("going on with a token that was taken back", client.ask(&Request::Ping {}).await, found);
    refused("coming back with an old token", Client::connect(target.clone(), token).await, found);
    let (_, late) = passes.issue("doctor", Duration::ZERO).map_err(text)?;
    refused("coming with a token whose time is over", Client::connect(target, late).await, found);
    Ok(())
}

fn refused<T>(what: &str, attempt: Result<T, ClientError>, found: &mut impl FnMut(Finding)) {
    match attempt {
        Ok(_) => found(judged(CHECK, what, false, "IT GOT THROUGH")),
        Err(error @ ClientError::Refused(_)) => found(judged(CHECK, what, true, error)),
        Err(error) => found(judged(CHECK, what, false, format!("it broke off: {error}"))),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

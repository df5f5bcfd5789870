//! The connection to the engine.

use super::{
    super::protocol::{self, Assignment, Boot, Ending, action},
    WorkError,
};
use crate::{
    domain::{JsonMap, secret::Secret},
    quic::{
        Address, Client, ClientError, Target,
        protocol::{Request, WorkerRequest},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The way to the engine. Clones share one.
#[derive(Clone)]
pub(super) struct Link(Arc<Client>);

impl Link {
    pub(super) async fn new(boot: Boot) -> Result<Self, WorkError> {
        let Boot { socket, fingerprint, token } = boot;
        let fingerprint = fingerprint.parse().map_err(|_| WorkError("the fingerprint is none".into()))?;
        let target = Target { address: Address::Unix(socket.into()), fingerprint };
        let client = Client::connect(target, Secret::new(token)).await.map_err(told)?;
        Ok(Self(Arc::new(client)))
    }

    pub(super) async fn assignment(&self) -> Result<Assignment, WorkError> {
        self.ask(action::TASK, JsonMap::new()).await
    }

    pub(super) async fn done(&self, ending: &Ending) -> Result<(), WorkError> {
        self.request(action::DONE, protocol::body(ending)).await.map(drop)
    }

    /// Asks something that has an answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, action: &str, body: JsonMap) -> Result<T, WorkError> {
        let value = self.request(action, body).await?;
        serde_json::from_value(value).map_err(|error| WorkError(format!("the engine's answer: {error}")))
    }

    /// The same, with a body made of a value.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        action: &str,
        body: &impl Serialize,
    ) -> Result<T, WorkError> {
        self.ask(action, protocol::body(body)).await
    }

    async fn request(&self, action: &str, body: JsonMap) -> Result<Value, WorkError> {
        let request = Request::Worker(WorkerRequest { action: action.to_owned(), body });
        self.0.ask(&request).await.map_err(told)
    }

    /// Ends when the engine is gone: nobody waits for this work any more.
    pub(super) async fn watch(&self, every: Duration) -> WorkError {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.0.ask(&Request::Ping {}).await {
                return told(error);
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        if let Ok(client) = Arc::try_unwrap(self.0) {
            client.close().await;
        }
    }
}

fn told(error: ClientError) -> WorkError {
    WorkError(error.to_string())
}

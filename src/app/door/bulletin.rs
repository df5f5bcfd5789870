//! What a person should know at any time, told to whoever of the owner's devices listens.

use crate::quic::{
    Reply,
    protocol::{Answer, Kind, Refusal},
};
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};

/// So many texts may wait for a device. One that reads more slowly misses some.
pub(super) const WAITING: usize = 64;

/// Where such texts are put up. Clones share one.
#[derive(Clone, Debug)]
pub struct Bulletin(broadcast::Sender<String>);

impl Default for Bulletin {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Bulletin {
    /// Puts a text up.
    pub fn post(&self, text: &str) {
        // Nobody may listen.
        let _ = self.0.send(text.to_owned());
    }

    /// Reads what is put up from now on to a device, until it has heard enough.
    pub(super) async fn read_out(&self, reply: Reply) -> Result<Value, Refusal> {
        let mut texts = self.0.subscribe();
        loop {
            let text = tokio::select! {
                text = texts.recv() => text,
                () = reply.cancelled() => {
                    return Err(Refusal::new(Kind::Cancelled, "the watching was given up, as asked"));
                }
            };
            let text = match text {
                Ok(text) => text,
                Err(RecvError::Lagged(missed)) => format!("({missed} notices were missed)"),
                Err(RecvError::Closed) => return Ok(json!({})),
            };
            if reply.send(Answer::Output { text: format!("{text}\n") }).await.is_err() {
                return Ok(json!({}));
            }
        }
    }
}

//! Asking a server which models it has.

use super::{client::causes, target::Target};
use crate::llm::{backend::AttemptError, discover, failure, words::Words};
use async_openai::config::Config;
use serde_json::Value;
use std::time::Duration;

/// How long the list may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest list that is read, in bytes.
const MAX_LIST: usize = 4 << 20;

/// The first model of the server that can chat, and its context window.
pub(super) async fn first_model(
    client: &reqwest::Client,
    target: &Target,
) -> Result<(String, Option<u32>), AttemptError> {
    let ask = async {
        let broken = |e: reqwest::Error| AttemptError::transient(causes(&e.without_url()));
        let mut response =
            client.get(target.url("/models")).headers(target.headers()).send().await.map_err(broken)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_LIST {
                return Err(AttemptError::refused("its list of models is too long"));
            }
        }
        if !response.status().is_success() {
            let words = Words::of_body(&String::from_utf8_lossy(&body));
            return Err(failure::classify(Some(response.status().as_u16()), &words, None));
        }
        serde_json::from_slice::<Value>(&body)
            .map_err(|_| AttemptError::refused("its list of models is no JSON"))
    };
    let answer = tokio::time::timeout(TIMEOUT, ask).await.map_err(|_| {
        AttemptError::transient(format!("it did not list its models within {} s", TIMEOUT.as_secs()))
    })??;
    match discover::choose(&answer) {
        Some(model) => Ok((model.id, model.context_window)),
        None => Err(AttemptError::config("no model is named, and the server lists none that can chat")),
    }
}

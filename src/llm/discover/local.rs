//! Model servers on this machine.

use super::{FoundProvider, models};
use crate::llm::{base_url::BaseUrl, openai::client};
use futures_util::{StreamExt, future::join_all};
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// Where local servers usually are: Ollama, llama.cpp, LM Studio, vLLM.
pub const LOCAL_URLS: [&str; 4] = [
    "http://127.0.0.1:11434/v1",
    "http://127.0.0.1:8080/v1",
    "http://127.0.0.1:1234/v1",
    "http://127.0.0.1:8000/v1",
];

/// The names under which servers are found; a second one of a kind gets a number, `ollama-2`.
pub const LOCAL_NAMES: [&str; 5] = ["ollama", "llamacpp", "lmstudio", "vllm", "local"];

/// How long a server may take to list its models, unless the user says otherwise.
pub const ANSWER_TIMEOUT: Duration = Duration::from_millis(300);

/// The longest list of models that is read, in bytes.
const MAX_LIST: usize = 1 << 20;

/// Asks the servers at `urls`, all at once, and returns those that answer within `patience` with a model
/// that can chat, in the order of `urls`. Names are unique: `ollama`, `ollama-2`. Addresses that can't be
/// read are skipped.
pub async fn local(urls: &[String], patience: Duration) -> Vec<FoundProvider> {
    let mut found: Vec<FoundProvider> = Vec::new();
    for mut provider in join_all(urls.iter().map(|url| probe(url, patience))).await.into_iter().flatten() {
        let twins = found
            .iter()
            .filter(|other| {
                other.name.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()) == provider.name
            })
            .count();
        if twins > 0 {
            provider.name = format!("{}-{}", provider.name, twins + 1);
        }
        found.push(provider);
    }
    found
}

async fn probe(text: &str, patience: Duration) -> Option<FoundProvider> {
    let url = BaseUrl::parse(text).ok()?;
    let ask = async {
        // A bare connection first: a closed port then costs next to nothing.
        TcpStream::connect((url.host(), url.port())).await.ok()?;
        list(&url, patience).await
    };
    let answer = timeout(patience, ask).await.ok()??;
    let model = models::choose(&answer)?;
    let models = models::names(&answer);
    Some(FoundProvider {
        name: name(&model.owner, url.port()).to_owned(),
        base_url: url.to_string(),
        key_variable: None,
        model: Some(model.id),
        context_window: model.context_window,
        models,
        found: url.to_string(),
    })
}

async fn list(url: &BaseUrl, patience: Duration) -> Option<Value> {
    let client = client::build(url, patience).ok()?;
    let response = client.get(url.at("/models")).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > MAX_LIST {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// What the server calls itself, or what its port suggests.
fn name(owner: &str, port: u16) -> &'static str {
    match (owner, port) {
        ("llamacpp", _) => "llamacpp",
        ("vllm", _) => "vllm",
        ("library", _) | (_, 11434) => "ollama",
        (_, 1234) => "lmstudio",
        (_, 8080) => "llamacpp",
        (_, 8000) => "vllm",
        _ => "local",
    }
}

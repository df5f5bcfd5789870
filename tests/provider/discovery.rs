//! Finding servers on this machine.

use crate::{
    ask::{ask, quick},
    support::fake_openai::{FakeOpenAi, Reply, Rules},
};
use openpista::llm::{Route, Router, Timeouts, discover, openai::OpenAiProvider};
use serde_json::json;
use std::time::{Duration, Instant};

/// Catches hangs only.
const PATIENCE: Duration = Duration::from_secs(20);

fn closed() -> String {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    format!("http://127.0.0.1:{port}")
}

#[tokio::test]
async fn servers_that_answer_are_found() {
    let rules = Rules {
        models: vec![
            json!({"id": "text-embedding-nomic", "owned_by": "library"}),
            json!({"id": "qwen3:4b", "owned_by": "library"}),
        ],
        ..Rules::default()
    };
    let ollama = FakeOpenAi::with(rules, [Reply::text("hello")]);
    let llama = Rules {
        models: vec![json!({"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx": 8192}})],
        ..Rules::default()
    };
    let empty = FakeOpenAi::with(Rules { models: vec![], ..Rules::default() }, []);
    let locked = FakeOpenAi::with(Rules { key: Some("k".into()), ..Rules::default() }, []);
    let (twin, llama) = (FakeOpenAi::with(llama.clone(), []), FakeOpenAi::with(llama, []));
    let urls =
        [closed(), ollama.url(), empty.url(), locked.url(), "nonsense://".into(), llama.url(), twin.url()];
    let found = discover::local(&urls, PATIENCE).await;
    let seen: Vec<_> =
        found.iter().map(|p| (p.name.as_str(), p.model.as_deref(), p.context_window)).collect();
    assert_eq!(
        seen,
        [
            ("ollama", Some("qwen3:4b"), None),
            ("llamacpp", Some("m.gguf"), Some(8192)),
            ("llamacpp-2", Some("m.gguf"), Some(8192))
        ]
    );

    let spec = found[0].spec();
    let provider =
        OpenAiProvider::from_spec(&spec, None, Timeouts::default()).expect("its kind").expect("a provider");
    let route = Route::new(provider).model(spec.model.expect("a model"));
    assert_eq!(ask(&Router::new("", quick()).with("ollama", route)).await.shown(), "hello");
}

#[tokio::test]
async fn other_servers_do_not_confuse_it() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!doctype html><title>Jenkins</title>";
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len());
        }
    });
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", silent.local_addr().expect("an address"));
    assert!(discover::local(&[url, silent], Duration::from_millis(300)).await.is_empty());
}

#[tokio::test]
async fn closed_ports_cost_next_to_nothing() {
    let urls: Vec<_> = (0..8).map(|_| closed()).collect();
    let start = Instant::now();
    assert!(discover::local(&urls, PATIENCE).await.is_empty());
    assert!(start.elapsed() < Duration::from_secs(5), "catches hangs only");
}

//! Deadlines and cancelling.

use crate::{
    ask::{ask, endpoint, quick, simple},
    support::fake_openai::{FakeOpenAi, Reply},
};
use openpista::llm::{RetryPolicy, Route, Router, Timeouts, openai::OpenAiProvider};
use std::time::Duration;

/// Catches hangs only.
const LONG: Duration = Duration::from_secs(30);

fn short() -> Timeouts {
    Timeouts {
        first_token: Some(Duration::from_millis(200)),
        idle: Duration::from_millis(200),
        ..Timeouts::default()
    }
}

fn route(fake: &FakeOpenAi, timeouts: Timeouts) -> Route {
    Route::new(OpenAiProvider::new("fake", endpoint(&fake.url()), timeouts).expect("a provider")).model("m")
}

fn once(fake: &FakeOpenAi, timeouts: Timeouts) -> Router {
    Router::new("fake", RetryPolicy { retries: 0, ..quick() }).with("fake", route(fake, timeouts))
}

/// Waits for the client to hang up, while the client's own runtime goes on.
async fn hung_up(fake: FakeOpenAi) -> bool {
    tokio::task::spawn_blocking(move || fake.saw_hang_ups(1)).await.expect("a wait")
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    for reply in [Reply::hang(), Reply::raw("").then_hang()] {
        let fake = FakeOpenAi::start([reply]);
        let asked = tokio::time::timeout(LONG, ask(&once(&fake, short()))).await.expect("in time");
        assert!(asked.error().contains("no answer began within 0.2 s"), "{}", asked.error());
        assert!(hung_up(fake).await);
    }
}

#[tokio::test]
async fn a_server_that_stops_in_the_midst() {
    let fake = FakeOpenAi::start([Reply::text("some text that stops").cut_after(600).then_hang()]);
    let asked = tokio::time::timeout(LONG, ask(&once(&fake, short()))).await.expect("in time");
    assert!(asked.error().contains("nothing came for 0.2 s in the midst"), "{}", asked.error());
    assert!(!asked.deltas.is_empty() && hung_up(fake).await);
}

#[tokio::test]
async fn a_server_that_only_pings_meets_the_total_limit() {
    let pings = std::thread::spawn(|| {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.read(&mut [0; 65536]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
            while stream.write_all(b": ping\n\n").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        address
    });
    let address = pings.join().expect("an address");
    let timeouts = Timeouts { total: Duration::from_millis(900), ..short() };
    let provider =
        OpenAiProvider::new("fake", endpoint(&format!("http://{address}")), timeouts).expect("a provider");
    let llm = Router::new("fake/m", RetryPolicy { retries: 0, ..quick() }).with("fake", Route::new(provider));
    let asked = tokio::time::timeout(LONG, ask(&llm)).await.expect("in time");
    assert!(
        asked.error().contains("longer than 0.9 s"),
        "pings are signs of life, up to a point: {}",
        asked.error()
    );
}

#[tokio::test]
async fn a_server_that_forgets_to_end() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"all\"},\"finish_reason\":\"stop\"}]}\n\n";
    let fake = FakeOpenAi::start([Reply::raw(text).then_hang()]);
    let asked = tokio::time::timeout(LONG, ask(&once(&fake, short()))).await.expect("in time");
    assert_eq!(asked.shown(), "all", "the model said that it was done");
}

#[tokio::test]
async fn a_deadline_goes_to_the_next_model() {
    let (slow, good) = (FakeOpenAi::answering(|_| Reply::hang()), FakeOpenAi::start([Reply::text("b")]));
    let llm = Router::new("slow", quick())
        .with("slow", route(&slow, short()).fallback("good"))
        .with("good", route(&good, short()));
    assert_eq!(ask(&llm).await.shown(), "b");
    assert_eq!(slow.requests().len(), 1);
    let alone = Router::new("slow", quick()).with("slow", route(&slow, short()));
    assert!(ask(&alone).await.error().contains("(tried 2 times)"), "once more when there is nothing else");
}

#[tokio::test]
async fn dropping_the_call_closes_the_connection() {
    for (number, reply) in
        [Reply::hang(), Reply::text("on and on").cut_after(500).then_hang()].into_iter().enumerate()
    {
        let fake = FakeOpenAi::start([reply]);
        let llm = simple(&fake);
        let call = tokio::spawn(async move { ask(&llm).await.result.is_ok() });
        let (fake, came) = tokio::task::spawn_blocking(move || {
            let came = fake.saw_requests(1);
            (fake, came)
        })
        .await
        .expect("a wait");
        assert!(came);
        call.abort();
        assert!(call.await.is_err_and(|e| e.is_cancelled()), "{number}");
        assert!(hung_up(fake).await, "{number}");
    }
}

//! A server of the OpenAI chat completions protocol that keeps the real one's rules.
//!
//! ```ignore
//! let fake = FakeOpenAi::start([Reply::call("system_run", json!({"argv": ["ls"]})), Reply::text("done")]);
//! // … point a provider, or another process, at fake.url() …
//! assert_eq!(fake.requests()[1].body["messages"][2]["role"], "tool");
//! ```
//!
//! Each request is checked as the real server checks it, and answered with the real server's error when
//! it breaks a rule; what is scripted comes only after that. Plain threads and sockets, no runtime.

mod http;
mod reply;
mod rules;
mod serve;
mod sse;
mod validate;

pub use reply::Reply;
pub use rules::Rules;

use serde_json::Value;
use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `null` when there was none, or it was no JSON.
    pub body: Value,
    /// Which connection it came over, from 0.
    pub connection: usize,
    pub at: Instant,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The messages sent.
    pub fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The text of the last message.
    pub fn last_text(&self) -> &str {
        self.messages().last().and_then(|m| m["content"].as_str()).unwrap_or_default()
    }
}

type Script = Box<dyn FnMut(&Request) -> Reply + Send>;

/// What the threads share.
struct State {
    rules: Rules,
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
    streams: Mutex<Vec<TcpStream>>,
    connections: AtomicUsize,
    hung_up: AtomicUsize,
    refused: Mutex<Vec<String>>,
    stopping: AtomicBool,
}

/// A running server. Stops when dropped.
pub struct FakeOpenAi {
    address: SocketAddr,
    state: Arc<State>,
}

impl FakeOpenAi {
    /// A server that gives these replies in turn, and after them an error that says so.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(Rules::default(), replies)
    }

    /// The same under other rules.
    pub fn with(rules: Rules, replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter();
        Self::answering_with(rules, move |_| {
            replies.next().unwrap_or_else(|| Reply::error(400, "the script of the fake server is at its end"))
        })
    }

    /// A server that answers each valid request with what `script` returns.
    pub fn answering(script: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::answering_with(Rules::default(), script)
    }

    /// The same under other rules.
    pub fn answering_with(rules: Rules, script: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            rules,
            script: Mutex::new(Box::new(script)),
            requests: Mutex::default(),
            streams: Mutex::default(),
            connections: AtomicUsize::new(0),
            hung_up: AtomicUsize::new(0),
            refused: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let shared = state.clone();
        thread::spawn(move || serve::accept(&listener, &shared));
        Self { address, state }
    }

    /// The base URL, ending in `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The chat requests so far, also those that broke a rule.
    pub fn requests(&self) -> Vec<Request> {
        let all = self.state.requests.lock().expect("requests");
        all.iter().filter(|r| r.method == "POST").cloned().collect()
    }

    /// How many chat requests there were so far.
    pub fn count(&self) -> usize {
        self.state.requests.lock().expect("requests").iter().filter(|r| r.method == "POST").count()
    }

    /// The last chat request.
    pub fn last_request(&self) -> Option<Request> {
        let all = self.state.requests.lock().expect("requests");
        all.iter().rev().find(|r| r.method == "POST").cloned()
    }

    /// All requests so far.
    pub fn all_requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("requests").clone()
    }

    /// The rules that requests broke, in the words of the answers. Empty: the client did everything right.
    pub fn refusals(&self) -> Vec<String> {
        self.state.refused.lock().expect("refusals").clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many clients hung up in the midst of a reply; false when they didn't. Blocks:
    /// call it off the client's runtime.
    pub fn saw_hang_ups(&self, count: usize) -> bool {
        wait_until(|| self.state.hung_up.load(Ordering::SeqCst) >= count)
    }

    /// Waits until so many chat requests came; false when they didn't. Blocks.
    pub fn saw_requests(&self, count: usize) -> bool {
        wait_until(|| self.count() >= count)
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        for stream in self.state.streams.lock().expect("streams").iter() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Catches hangs only: nothing here should take long.
fn wait_until(condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

//! A server of Telegram's Bot API that keeps the real one's rules.
//!
//! ```ignore
//! let telegram = FakeTelegram::start();
//! telegram.says(ADA, "hello");
//! assert!(telegram.awaits(ADA, |texts| texts == ["hi"]));
//! ```
//!
//! Updates stay until a poll confirms them by its offset, a second poll ends the first one, texts are
//! measured as Telegram measures them, HTML is parsed and refused as Telegram does it. What a client
//! does against the rules is answered with the real error, and noted in [`FakeTelegram::refusals`].

mod api;
mod html;
mod http;
mod said;
mod sent;

pub use sent::Sent;

use super::program::until;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

pub const TOKEN: &str = "4242:AAFakeTokenOfTheFakeServer_abcdefghij";
pub const BOT: i64 = 4242;
pub const BOT_NAME: &str = "pista_test_bot";

/// People who have begun a chat with the bot.
pub const ADA: i64 = 100;
pub const BOB: i64 = 200;

/// What is to go wrong with the next message to a chat.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429, and refused until so many seconds have passed.
    TooMany(u64),
    /// Whoever it is for has blocked the bot.
    Blocked,
    /// The looks are refused, whatever they are.
    Looks,
    /// Nothing is done until [`FakeTelegram::let_go`].
    Held,
    /// The connection ends before anything was done.
    Lost,
    /// The connection ends after it was done.
    Unheard,
}

#[derive(Default)]
struct State {
    next_update: i64,
    next_message: i64,
    next_poll: u64,
    /// Updates that no poll has confirmed.
    pending: VecDeque<(i64, Value)>,
    /// How many polls have ended in a conflict.
    conflicts: usize,
    allowed: Option<Vec<String>>,
    chats: BTreeMap<i64, Value>,
    sent: Vec<Sent>,
    calls: Vec<(String, Value)>,
    /// All methods in the order in which they were called.
    methods: Vec<String>,
    /// What is answered to a method in place of the truth, one after the other.
    broken: HashMap<String, VecDeque<(u16, String)>>,
    /// What `getMe` answers.
    me: Option<Value>,
    /// Topics that there are, by their chats.
    topics: HashSet<(i64, i64)>,
    /// Groups that have become supergroups.
    upgraded: HashMap<i64, i64>,
    faults: HashMap<i64, VecDeque<Fault>>,
    /// Answers to presses; `None`: not answered yet.
    presses: HashMap<String, Option<String>>,
    files: HashMap<String, (String, Vec<u8>)>,
    webhook: bool,
    refused: Vec<String>,
    unauthorised: BTreeSet<String>,
}

struct Shared {
    state: Mutex<State>,
    bell: Condvar,
}

/// A running server.
pub struct FakeTelegram {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl FakeTelegram {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = State { next_update: 1_000, next_message: 1, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), bell: Condvar::new() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // An error is a client that went away.
                thread::spawn(move || drop(http::serve(stream, &shared)));
            }
        });
        let fake = Self { address, shared };
        for (id, name) in [(ADA, "Ada"), (BOB, "Bob")] {
            fake.chat(json!({"id": id, "type": "private", "first_name": name}));
        }
        fake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no panic")
    }

    /// The address for `api`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A chat that the bot can write to.
    pub fn chat(&self, chat: Value) {
        let id = chat["id"].as_i64().expect("an id");
        self.state().chats.insert(id, chat);
    }

    /// A topic of a chat that the bot can write to, as each is that people write in.
    pub fn topic(&self, chat: i64, topic: i64) {
        self.state().topics.insert((chat, topic));
    }

    /// Somebody deletes a topic.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        self.state().topics.remove(&(chat, topic));
    }

    /// A group becomes a supergroup: its id is another one, and the old one is refused. Two messages
    /// tell of that, where `tells`.
    pub fn upgrade(&self, old: i64, new: i64, tells: bool) {
        let title = self.state().chats.get(&old).map(|chat| chat["title"].clone()).unwrap_or_default();
        self.chat(json!({"id": new, "type": "supergroup", "title": title}));
        if tells {
            self.arrives(old, ADA, json!({"migrate_to_chat_id": new}));
            self.arrives(new, ADA, json!({"migrate_from_chat_id": old}));
        }
        self.state().upgraded.insert(old, new);
    }

    /// What a method is answered in place of the truth, once.
    pub fn breaks(&self, method: &str, status: u16, body: &str) {
        let mut state = self.state();
        state.broken.entry(method.to_owned()).or_default().push_back((status, body.to_owned()));
    }

    /// What `getMe` answers.
    pub fn is(&self, me: Value) {
        self.state().me = Some(me);
    }

    /// All methods in the order in which they were called.
    pub fn methods(&self) -> Vec<String> {
        self.state().methods.clone()
    }

    /// What is to go wrong with the next messages to a chat, one after the other.
    pub fn fault(&self, chat: i64, fault: Fault) {
        self.state().faults.entry(chat).or_default().push_back(fault);
    }

    /// Lets a message go that is held.
    pub fn let_go(&self, chat: i64) {
        self.state().faults.remove(&chat);
        self.shared.bell.notify_all();
    }

    /// Sets a webhook, so that nobody can poll.
    pub fn webhook(&self, set: bool) {
        self.state().webhook = set;
    }

    /// All that was sent to a chat, in order.
    pub fn sent(&self, chat: i64) -> Vec<Sent> {
        self.state().sent.iter().filter(|sent| sent.chat == chat).cloned().collect()
    }

    /// The texts of that, as people see them.
    pub fn texts(&self, chat: i64) -> Vec<String> {
        self.sent(chat).into_iter().map(|sent| sent.text).collect()
    }

    /// Waits until what a chat shows is so.
    pub fn awaits(&self, chat: i64, condition: impl Fn(&[String]) -> bool) -> bool {
        until(|| condition(&self.texts(chat)))
    }

    /// The calls of a method so far.
    pub fn calls(&self, method: &str) -> Vec<Value> {
        let state = self.state();
        state.calls.iter().filter(|(name, _)| name == method).map(|(_, params)| params.clone()).collect()
    }

    /// How many updates no poll has confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.state().pending.len()
    }

    pub fn conflicts(&self) -> usize {
        self.state().conflicts
    }

    /// What a press was answered with.
    pub fn told(&self, press: &str) -> Option<String> {
        self.state().presses.get(press).cloned().flatten()
    }

    /// The rules that were broken, in the words of the answers.
    pub fn refusals(&self) -> Vec<String> {
        self.state().refused.clone()
    }

    /// Tokens that are none.
    pub fn strangers(&self) -> Vec<String> {
        self.state().unauthorised.iter().cloned().collect()
    }
}

//! A daemon of the built program. Ended when dropped.
//!
//! ```ignore
//! let daemon = Daemon::start(&home);
//! assert_eq!(daemon.ask("hello"), "hi");
//! daemon.stop().ok();
//! ```

use super::program::{Home, PATIENCE, Ran, Running, signal, until};
use openpista::{
    app::daemon::{Card, Files},
    config::{Dirs, Environment},
    domain::{event::TurnEvent, secret::Secret},
    quic::{
        Answers, Client, ClientError, Target,
        protocol::{Answer, Request},
    },
};
use serde_json::Value;
use std::{fs, future::Future, process::Command};

/// A daemon in a home, listening.
pub struct Daemon {
    home: Home,
    running: Option<Running>,
    pub card: Card,
}

impl Daemon {
    /// Starts one on a free port, and waits until it listens.
    pub fn start(home: &Home) -> Self {
        Self::with(home, [])
    }

    /// The same with further arguments.
    pub fn with<'a>(home: &Home, args: impl IntoIterator<Item = &'a str>) -> Self {
        let args = ["start", "--listen", "127.0.0.1:0"].into_iter().chain(args);
        Self::run(home, home.command(args))
    }

    /// Waits until the daemon of a command listens.
    pub fn run(home: &Home, command: Command) -> Self {
        let mut running = Some(Running::open(command));
        let files = files(home);
        let pid = running.as_ref().map(Running::id);
        let listens = || matches!(files.read(), Ok(Some(card)) if Some(card.pid) == pid);
        let ended = || pid.is_some_and(|pid| !super::program::is_alive(pid));
        let card = until(|| listens() || ended()).then(|| files.read().ok().flatten()).flatten();
        let card = card.unwrap_or_else(|| {
            let running = running.take().expect("it was started");
            running.signal_if_alive("KILL");
            panic!("the daemon does not listen: {:#?}", running.wait())
        });
        Self { home: home.clone(), running, card }
    }

    pub fn id(&self) -> u32 {
        self.card.pid
    }

    pub fn signal(&self, name: &str) {
        signal(name, self.id());
    }

    /// `status --json`.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.home.run(["status", "--json"]).ok().json().pop().expect("a line")
    }

    /// What is done with it while it runs; it is ended by this user's command.
    #[track_caller]
    pub fn reload(&self) -> Ran {
        self.home.run(["reload"])
    }

    /// Has it stop, and waits until it has ended: what it wrote.
    pub fn stop(self) -> Ran {
        self.home.run(["stop"]).ok();
        self.wait()
    }

    /// Waits until it has ended: what it wrote.
    pub fn wait(mut self) -> Ran {
        self.running.take().expect("it runs").wait()
    }

    /// Where it is, and the token of this user.
    pub fn way(&self) -> (Target, Secret) {
        files(&self.home).way(&self.card).expect("a way in")
    }

    /// Connects as this user.
    pub async fn connect(&self) -> Client {
        let (target, token) = self.way();
        Client::connect(target, token).await.expect("it answers")
    }

    /// Says something, as this user, and does not wait for the answer.
    #[track_caller]
    pub fn begin(&self, text: &str) -> Pending {
        let runtime = runtime();
        let (client, answers) = runtime.block_on(async {
            let client = self.connect().await;
            let answers = client.request(&message(text)).await.expect("it answers");
            (client, answers)
        });
        Pending { runtime, _client: client, answers }
    }

    /// Says something, as this user: the text of the answer.
    #[track_caller]
    pub fn ask(&self, text: &str) -> String {
        soon(async {
            let client = self.connect().await;
            let (text, _) = said(&client, message(text)).await.expect("an answer");
            client.close().await;
            text
        })
    }
}

/// A message that is being answered. Given up when dropped.
pub struct Pending {
    runtime: tokio::runtime::Runtime,
    _client: Client,
    answers: Answers,
}

impl Pending {
    /// Waits for the end of it: the text of the answer.
    pub fn text(mut self) -> Result<String, ClientError> {
        let text =
            async { tokio::time::timeout(PATIENCE, text(&mut self.answers)).await.expect("this hangs") };
        self.runtime.block_on(text).map(|(text, _)| text)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // `Running` kills what still runs, when it goes.
        self.running.take();
    }
}

/// The files of the daemon of a home.
pub fn files(home: &Home) -> Files {
    Files::of(&Dirs::find(&environment(home), home.work()).expect("a home"))
}

fn environment(home: &Home) -> Environment {
    Environment::from_pairs([("HOME", home.path())])
}

/// Whether the files by which it is found are there.
pub fn is_found(home: &Home) -> bool {
    fs::exists(files(home).card()).expect("a readable directory")
}

/// A message in a new conversation.
pub fn message(text: &str) -> Request {
    Request::Message {
        text: text.into(),
        session: None,
        agent: None,
        model: None,
        detach: false,
        unattended: false,
        literal: false,
    }
}

/// Asks, and gathers the text and the last frame.
pub async fn said(client: &Client, request: Request) -> Result<(String, Value), ClientError> {
    text(&mut client.request(&request).await?).await
}

async fn text(answers: &mut Answers) -> Result<(String, Value), ClientError> {
    let mut text = String::new();
    loop {
        match answers.next().await? {
            Answer::Event { event: TurnEvent::Text { delta } } => text.push_str(&delta),
            Answer::Output { text: printed } => text.push_str(&printed),
            Answer::Done { result } => return Ok((text, result)),
            _ => {}
        }
    }
}

/// Runs on a runtime of its own, and fails instead of hanging.
#[track_caller]
pub fn soon<T>(what: impl Future<Output = T>) -> T {
    runtime().block_on(async { tokio::time::timeout(PATIENCE, what).await.expect("this hangs") })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

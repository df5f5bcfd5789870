//! Conversations: each has one actor, which is there as long as it has something to do. The engine, its
//! memory and the router are real; messages are handed in at the router's door.

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod outage;
mod stuck;

use openpista::{
    app::{App, Flags},
    config::Environment,
    domain::{
        BoxFuture,
        approval::Nobody,
        hook::TurnContext,
        plan::Steer,
        post::{Arrival, Door, Receipt},
        store::StoreError,
    },
    gateway::{ChannelFacts, Commands, Outgoing, Questions, Router},
    health::Health,
};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use support::{fake_openai::FakeOpenAi, program::Home};

/// An engine with a router of its own, and a door to it.
struct Place {
    app: App,
    router: Arc<Router>,
    door: Arc<dyn Door>,
    home: Home,
}

struct NoCommands;

impl Commands for NoCommands {
    fn list(&self) -> Vec<(String, String)> {
        vec![]
    }

    fn run<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a TurnContext,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(std::future::ready(None))
    }
}

impl Place {
    async fn start(fake: &FakeOpenAi, init: &str) -> Self {
        Self::start_with(fake, init, None, Steer::Join).await
    }

    /// The same, with the database at a place of its own.
    async fn start_with(fake: &FakeOpenAi, init: &str, database: Option<&Path>, steer: Steer) -> Self {
        let home = Home::new();
        home.init(if init.is_empty() { "return" } else { init });
        let text = |path: std::path::PathBuf| path.display().to_string();
        let database = database.map_or_else(|| home.path().join("memory.db"), Path::to_owned);
        let environment = Environment::from_pairs([
            ("OPENPISTA_DATABASE", text(database)),
            ("HOME", text(home.path())),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("OPENPISTA_BASE_URL", fake.url()),
            ("OPENPISTA_MODEL", "fake-model".into()),
            ("OPENPISTA_WORKSPACE", text(home.work())),
        ]);
        let app =
            App::start(Flags::new(None).within(environment), Arc::new(Nobody)).await.expect("it starts");
        let memory = Arc::new(app.memory().clone());
        let outgoing = Arc::new(Outgoing::new(memory.clone(), Health::default()));
        let questions = Arc::new(Questions::new(outgoing.clone(), memory));
        let router =
            Router::new(app.gateway().clone(), outgoing, questions, Arc::new(NoCommands), Arc::default());
        let facts =
            ChannelFacts { name: "test".into(), users: vec!["*".into()], agent: "main".into(), steer };
        let door = router.door(Arc::new(facts));
        Self { app, router, door, home }
    }

    async fn say(&self, id: &str, conversation: &str, text: &str) {
        let receipt = self.hand_in(id, conversation, text).await;
        assert_eq!(receipt.expect("stored"), Receipt::Accepted);
    }

    async fn hand_in(&self, id: &str, conversation: &str, text: &str) -> Result<Receipt, StoreError> {
        let arrival = Arrival {
            channel: "test".into(),
            conversation: conversation.into(),
            user: "ada".into(),
            text: text.into(),
            id: id.into(),
            callback: None,
        };
        self.door.receive(arrival).await
    }

    /// What was put on its way, as `conversation: text`, oldest first.
    fn sent(&self) -> Vec<String> {
        let database = rusqlite::Connection::open(self.app.memory().path()).expect("a database");
        let sql = "SELECT conversation || ': ' || text FROM outbox ORDER BY id";
        let mut statement = database.prepare(sql).expect("SQL");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    }

    /// Waits until nothing is held of any conversation.
    async fn settles(&self) {
        until(|| self.router.held() == (0, 0), "conversations that are not dropped").await;
    }
}

/// Waits for a condition. The limit catches hangs only.
async fn until(condition: impl Fn() -> bool, what: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

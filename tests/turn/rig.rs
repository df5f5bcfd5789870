//! An agent with everything that belongs to it, and one conversation.

use crate::support::fake_openai::{FakeOpenAi, Request};
use openpista::{
    agent::{Agent, Parts, TurnInput, TurnLimits},
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver, Nobody},
        call::ToolStatus,
        chat::LlmProvider,
        envelope::Origin,
        event::{Observer, TurnEvent},
        hook::{Hooks, NoHooks, TurnContext},
        id::{SessionId, TurnId},
        message::Message,
        outcome::{TurnEnd, TurnOutcome},
        plan::Budget,
        rules::Autonomy,
    },
    llm::{
        RetryPolicy, Route, Router, Timeouts,
        openai::{Endpoint, OpenAiProvider},
    },
    memory::{Memory, NewSession, OpenOptions},
    policy::{Gate, Policy},
    sandbox::{Keep, Limits},
    tool::{Tool, ToolRegistry},
};
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Catches hangs only.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The characters of a result that the tests' registry lets pass.
const OUTPUT_CHARS: usize = 60_000;

/// What the parts are made of.
pub(crate) struct Plan {
    pub(crate) tools: Vec<Arc<dyn Tool>>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) autonomy: Autonomy,
    pub(crate) endpoint: Endpoint,
    pub(crate) budget: Budget,
    pub(crate) max_tool_rounds: u32,
    /// Answers in place of the server.
    pub(crate) llm: Option<Arc<dyn LlmProvider>>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            tools: vec![],
            hooks: Arc::new(NoHooks),
            approver: Arc::new(Nobody),
            autonomy: Autonomy::Auto,
            endpoint: Endpoint::default(),
            budget: Budget::default(),
            max_tool_rounds: 10,
            llm: None,
        }
    }
}

impl Plan {
    pub(crate) fn with(tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        Self { tools: tools.into_iter().collect(), ..Self::default() }
    }

    /// Says how large the model's window is.
    pub(crate) fn window(mut self, tokens: u32) -> Self {
        self.endpoint.context_window = Some(tokens);
        self
    }

    pub(crate) fn rounds(mut self, rounds: u32) -> Self {
        self.max_tool_rounds = rounds;
        self
    }

    pub(crate) fn with_llm(mut self, llm: Arc<dyn LlmProvider>) -> Self {
        self.llm = Some(llm);
        self
    }

    pub(crate) async fn on(self, fake: &FakeOpenAi) -> Rig {
        let dir = tempfile::tempdir().expect("a directory");
        let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).expect("a memory");
        let limits = Limits { output_chars: OUTPUT_CHARS, ..Limits::default() };
        let mut registry = ToolRegistry::new(limits, Keep { dir: dir.path().join("spill"), filter: None });
        for tool in self.tools {
            registry.register(tool).expect("a good tool");
        }
        let endpoint = Endpoint { base_url: fake.url(), ..self.endpoint };
        let provider = OpenAiProvider::new("fake", endpoint, Timeouts::default()).expect("a provider");
        let policy = RetryPolicy { retries: 0, ..RetryPolicy::default() };
        let router = Router::new("fake/fake-model", policy).with("fake", Route::new(provider));
        let gate = Gate::new(
            self.hooks.clone(),
            self.approver,
            Arc::new(memory.clone()),
            PathBuf::from("/workspace"),
        );
        let llm = self.llm.unwrap_or_else(|| Arc::new(router));
        let agent = Agent::new(Parts {
            llm: llm.clone(),
            store: Arc::new(memory.clone()),
            executor: Arc::new(registry),
            gate: Arc::new(gate),
            hooks: self.hooks,
        });
        let mut rig = Rig {
            dir,
            memory,
            agent: Arc::new(agent),
            llm,
            session: SessionId::generate(),
            policy: Policy::new(vec![], self.autonomy),
            budget: self.budget,
            limits: TurnLimits { max_tool_rounds: self.max_tool_rounds, max_tokens: None },
            seen: Arc::default(),
        };
        rig.session = rig.new_session().await;
        rig
    }
}

pub(crate) struct Rig {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) memory: Memory,
    pub(crate) agent: Arc<Agent>,
    pub(crate) llm: Arc<dyn LlmProvider>,
    pub(crate) session: SessionId,
    pub(crate) policy: Policy,
    pub(crate) budget: Budget,
    pub(crate) limits: TurnLimits,
    pub(crate) seen: Arc<Seen>,
}

impl Rig {
    pub(crate) async fn new_session(&self) -> SessionId {
        self.memory.create_session(NewSession::default()).await.expect("a session").id
    }

    pub(crate) fn input(&self, text: &str, cancel: CancellationToken) -> TurnInput {
        self.input_in(&self.session, text, cancel)
    }

    pub(crate) fn input_in(&self, session: &SessionId, text: &str, cancel: CancellationToken) -> TurnInput {
        TurnInput {
            steering: None,
            context: TurnContext {
                session: session.clone(),
                turn: TurnId::generate(),
                agent: "main".into(),
                origin: Origin { channel: "test".into(), user: "me".into() },
                depth: 0,
            },
            text: text.into(),
            model: "fake/fake-model".into(),
            prompt: "You are helpful.".into(),
            policy: self.policy.clone(),
            budget: self.budget,
            limits: self.limits,
            observer: self.seen.clone(),
            later: None,
            cancel,
        }
    }

    /// One turn to its end.
    pub(crate) async fn turn(&self, text: &str) -> TurnOutcome {
        self.cancelled_turn(text, CancellationToken::new()).await
    }

    pub(crate) async fn cancelled_turn(&self, text: &str, cancel: CancellationToken) -> TurnOutcome {
        let turn = self.agent.turn(self.input(text, cancel));
        tokio::time::timeout(PATIENCE, turn).await.expect("the turn hangs")
    }

    /// One turn that must be answered; the answer.
    #[track_caller]
    pub(crate) fn answered(outcome: &TurnOutcome) -> &str {
        match &outcome.end {
            TurnEnd::Answered(text) => text,
            other => panic!("not answered: {other:?}"),
        }
    }

    /// One turn that must fail; kind and words.
    #[track_caller]
    pub(crate) fn failed(outcome: &TurnOutcome) -> (&'static str, &str) {
        match &outcome.end {
            TurnEnd::Failed { kind, message } => (kind, message),
            other => panic!("not failed: {other:?}"),
        }
    }

    /// All messages of the conversation.
    pub(crate) async fn messages(&self) -> Vec<Message> {
        let stored = self.memory.messages(&self.session).await.expect("messages");
        stored.into_iter().map(|stored| stored.message).collect()
    }

    /// How the results in the conversation ended.
    pub(crate) async fn statuses(&self) -> Vec<ToolStatus> {
        let messages = self.messages().await;
        messages
            .iter()
            .filter_map(|m| match m {
                Message::Tool(result) => Some(result.status),
                _ => None,
            })
            .collect()
    }

    /// The status of the newest turn, as stored.
    pub(crate) fn last_status(&self) -> String {
        let conn = rusqlite::Connection::open(self.memory.path()).expect("the database");
        let sql = "SELECT status FROM turns ORDER BY started_ms DESC, id DESC LIMIT 1";
        conn.query_row(sql, [], |row| row.get(0)).expect("a turn")
    }

    /// Every call in the conversation has exactly one result, right behind it.
    pub(crate) async fn assert_whole(&self) {
        let mut open = BTreeSet::new();
        for message in self.messages().await {
            match message {
                Message::Tool(result) => {
                    assert!(open.remove(result.call_id.as_str()), "a result without a call: {result:?}");
                }
                Message::Assistant(assistant) => {
                    assert!(open.is_empty(), "calls without results: {open:?}");
                    open.extend(assistant.calls.iter().map(|call| call.id.as_str().to_owned()));
                }
                _ => assert!(open.is_empty(), "calls without results: {open:?}"),
            }
        }
        assert!(open.is_empty(), "calls without results: {open:?}");
    }
}

/// Remembers what the observer is told.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<TurnEvent>>);

impl Seen {
    pub(crate) fn events(&self) -> Vec<TurnEvent> {
        self.0.lock().expect("events").clone()
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        let notice = |event| match event {
            TurnEvent::Notice { text } => Some(text),
            _ => None,
        };
        self.events().into_iter().filter_map(notice).collect()
    }
}

impl Observer for Seen {
    fn observe(&self, event: &TurnEvent) {
        self.0.lock().expect("events").push(event.clone());
    }
}

/// Someone who never answers.
pub(crate) struct Undecided;

impl Approver for Undecided {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(std::future::pending())
    }
}

/// What is asked of the model in a request.
pub(crate) trait Asked {
    /// A summary, not an answer.
    fn is_summary(&self) -> bool;
    /// How many results of tools stand behind the last user message with `words` in it; `None`: no user
    /// message has them.
    fn results_behind(&self, words: &str) -> Option<usize>;
}

impl Asked for Request {
    fn is_summary(&self) -> bool {
        let system = self.messages().first().and_then(|m| m["content"].as_str());
        system.is_some_and(|text| text.starts_with("You keep the memory"))
    }

    fn results_behind(&self, words: &str) -> Option<usize> {
        let has = |m: &serde_json::Value| {
            m["role"] == "user" && m["content"].as_str().is_some_and(|text| text.contains(words))
        };
        let at = self.messages().iter().rposition(has)?;
        Some(self.messages()[at..].iter().filter(|m| m["role"] == "tool").count())
    }
}

/// The refusals that say that a request is too long.
pub(crate) fn overflows(fake: &FakeOpenAi) -> usize {
    let refusals = fake.refusals();
    let overflow = |text: &&String| text.contains("context");
    let others: Vec<_> = refusals.iter().filter(|text| !overflow(text)).collect();
    assert!(others.is_empty(), "requests broke other rules: {others:?}");
    refusals.len()
}

//! Does what the machine decides: calls the model, runs the tools, stores the messages.

use super::{
    Parts, TurnInput, budget,
    calls::{Caller, emit},
    compaction::{self, Summariser},
    context, cost,
    machine::{Action, Input, Turn},
    window::Windows,
};
use crate::domain::{
    BoxFuture,
    call::ToolCall,
    chat::{ChatRequest, Delta},
    event::TurnEvent,
    hook::{PromptDraft, TurnContext},
    message::Message,
    outcome::{TurnEnd, TurnOutcome},
    store::{StoreError, TurnStatus},
    tool::ToolSpec,
    usage::{Usage, estimate_tokens},
};
use futures_util::StreamExt;
use serde_json::json;
use std::{collections::VecDeque, pin::pin, time::Instant};

/// Answers messages. One serves all conversations.
pub struct Agent {
    parts: Parts,
    windows: Windows,
}

impl Agent {
    /// An agent made of `parts`.
    pub fn new(parts: Parts) -> Self {
        Self { parts, windows: Windows::default() }
    }

    /// Runs a turn to its end. The last event that the observer gets is `Done` or `Failed`.
    pub async fn turn(&self, input: TurnInput) -> TurnOutcome {
        let mut run = Run::new(self, input);
        let end = match run.begin().await {
            Ok(()) => run.drive().await,
            Err(error) => TurnEnd::Failed { kind: "storage", message: error.to_string() },
        };
        run.finish(end).await
    }
}

/// A turn under way.
struct Run<'a> {
    agent: &'a Agent,
    input: TurnInput,
    machine: Turn,
    system: String,
    tools: Vec<ToolSpec>,
    /// Estimated tokens of the system prompt and the tools.
    fixed: u64,
    history: Vec<Message>,
    /// Estimated tokens of the history.
    length: u64,
    /// Estimated tokens of the last request.
    asked: u64,
    usage: Usage,
    model: String,
    begun: bool,
    /// Whether the model gets its earlier reasoning back.
    replays: bool,
    /// Whether the person was told that the conversation was too long.
    told: bool,
    /// What was handed to the store and is not known to be stored yet.
    queued: Vec<BoxFuture<'static, Result<(), StoreError>>>,
}

impl<'a> Run<'a> {
    fn new(agent: &'a Agent, input: TurnInput) -> Self {
        Self {
            agent,
            machine: Turn::new(input.limits),
            system: String::new(),
            tools: vec![],
            fixed: 0,
            history: vec![],
            length: 0,
            asked: 0,
            usage: Usage::default(),
            model: input.model.clone(),
            begun: false,
            replays: agent.parts.llm.replays_reasoning(&input.model),
            told: false,
            queued: vec![],
            input,
        }
    }

    /// Stores the user's message and gets ready.
    async fn begin(&mut self) -> Result<(), StoreError> {
        let parts = &self.agent.parts;
        let context = &self.input.context;
        let message = Message::user(std::mem::take(&mut self.input.text));
        parts.store.begin_turn(&context.session, &context.turn, &context.origin, &message).await?;
        self.begun = true;
        self.observe(TurnEvent::Start {
            session: context.session.clone(),
            turn: context.turn.clone(),
            model: self.model.clone(),
        });
        self.emit("turn.start", || json!({ "text": message.text() }));

        let draft = PromptDraft { system: std::mem::take(&mut self.input.prompt) };
        self.system = tokio::select! {
            biased;
            // The first model call will not be made either.
            () = self.input.cancel.cancelled() => return Ok(()),
            draft = parts.hooks.prompt(draft, context) => draft.system,
        };
        self.tools = parts.executor.specs().iter().filter(|s| self.input.policy.offers(s)).cloned().collect();
        self.fixed = estimate_tokens(&self.system) + cost::tools_cost(&self.tools);
        self.load().await
    }

    /// Loads the conversation, in which the new message stands last, and shortens it if it is time.
    async fn load(&mut self) -> Result<(), StoreError> {
        let parts = &self.agent.parts;
        let session = self.input.context.session.clone();
        let mut stored = parts.store.context(&session).await?;
        if !self.replays {
            stored.iter_mut().for_each(|m| context::forget_reasoning(&mut m.message));
        }
        if let Some(end) = compaction::boundary(&stored, self.room()) {
            let older = &stored[..end];
            let upto = older.last().map_or(0, |m| m.id);
            let spent_today = self.spent_today().await?;
            let summariser = Summariser {
                llm: &*parts.llm,
                windows: &self.agent.windows,
                model: &self.input.model,
                limit: self.input.budget,
                spent_today,
            };
            let summary = tokio::select! {
                biased;
                () = self.input.cancel.cancelled() => None,
                summary = summariser.summarise(older) => Some(summary),
            };
            if let Some((text, usage)) = summary {
                let model = self.input.model.clone();
                self.spend(usage, &model);
                self.usage.add(usage);
                parts.store.summarise(&session, upto, &text).await?;
                let count = older.len();
                stored.splice(..end, []);
                self.push(Message::Notice { text });
                self.notice(format!("{count} earlier messages were summarised to save room"));
            }
        }
        for message in stored {
            self.push(message.message);
        }
        Ok(())
    }

    async fn drive(&mut self) -> TurnEnd {
        let mut actions = self.machine.handle(Input::Begin);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Store(message) => self.store(message),
                Action::Notice(text) => self.notice(text),
                Action::CallModel { tools } => {
                    let input = self.call_model(tools).await;
                    actions.extend(self.machine.handle(input));
                }
                Action::Shrink { limit } => {
                    let shrunk = self.shrink(limit);
                    actions.extend(self.machine.handle(Input::Shrunk(shrunk)));
                }
                Action::RunTools(calls) => match self.settle().await {
                    Ok(()) => actions.extend(self.run_tools(calls).await),
                    Err(error) => actions = self.machine.handle(Input::StoreFailed(error.to_string())),
                },
                Action::Finish(end) => return end,
            }
        }
        // The machine answers every event of its state, and each state leads to `Finish`.
        TurnEnd::Failed { kind: "model", message: "the turn ended without an answer".into() }
    }

    /// Hands a message to the store, which keeps the order, without waiting for the disk.
    fn store(&mut self, message: Message) {
        let context = &self.input.context;
        let stored = self.agent.parts.store.append(&context.session, &context.turn, message.clone());
        self.queued.push(stored);
        self.push(message);
    }

    /// Waits until everything handed to the store is stored: before anything acts on it, and at the end.
    async fn settle(&mut self) -> Result<(), StoreError> {
        for stored in std::mem::take(&mut self.queued) {
            stored.await?;
        }
        Ok(())
    }

    fn push(&mut self, mut message: Message) {
        if !self.replays {
            context::forget_reasoning(&mut message);
        }
        self.length += cost::cost(&message);
        self.history.push(message);
    }

    /// The tokens that the conversation may have, by our estimate.
    fn room(&self) -> u64 {
        let facts = self.agent.parts.llm.facts(&self.input.model);
        let room = self.agent.windows.room(&self.input.model, &facts);
        // However long the prompt and the tools are, some of the conversation must go along.
        room.saturating_sub(self.fixed).max(room / 8)
    }

    /// Learns from an overflow; whether the next request will be shorter.
    fn shrink(&mut self, limit: Option<u32>) -> bool {
        let facts = self.agent.parts.llm.facts(&self.input.model);
        self.agent.windows.overflowed(&self.input.model, &facts, self.asked, limit);
        let room = self.room();
        let next = context::fit(&self.history, room).map_or(self.length, |fitted| cost::total(&fitted));
        if !std::mem::replace(&mut self.told, true) {
            self.notice("the conversation was too long for the model; earlier parts are left out".into());
        }
        next + self.fixed < self.asked
    }

    async fn call_model(&mut self, tools: bool) -> Input {
        let parts = self.agent.parts.clone();
        let model = self.input.model.clone();
        let facts = parts.llm.facts(&model);
        let room = self.room();
        let fitted = if self.length > room { context::fit(&self.history, room) } else { None };
        let length = fitted.as_deref().map_or(self.length, cost::total);
        self.asked = self.fixed + length;

        let limit = self.input.budget;
        let spent = match self.spent_today().await {
            Ok(spent) => spent,
            Err(error) => return Input::StoreFailed(error.to_string()),
        };
        let max_tokens = match budget::check(&limit, &facts, &model, self.usage, self.asked, spent) {
            Ok(room) => room.into_iter().chain(self.input.limits.max_tokens).min(),
            Err(message) => return Input::OverBudget(message),
        };

        self.emit("llm.start", || json!({ "model": model, "estimated_input": self.asked }));
        let mut partial = String::new();
        let started = Instant::now();
        let answer = {
            let observer = &self.input.observer;
            let mut sink = |delta| match delta {
                Delta::Text(delta) => {
                    partial.push_str(&delta);
                    observer.observe(&TurnEvent::Text { delta });
                }
                Delta::Reasoning(delta) => observer.observe(&TurnEvent::Reasoning { delta }),
                Delta::Restart { reason } => {
                    partial.clear();
                    observer.observe(&TurnEvent::Restart { reason });
                }
            };
            let request = ChatRequest {
                model: &model,
                system: &self.system,
                messages: fitted.as_deref().unwrap_or(&self.history),
                tools: if tools { &self.tools } else { &[] },
                max_tokens,
            };
            tokio::select! {
                biased;
                () = self.input.cancel.cancelled() => None,
                answer = parts.llm.chat(request, &mut sink) => Some(answer),
            }
        };
        match answer {
            None => {
                self.emit("llm.end", || json!({ "model": model, "error": "cancelled" }));
                Input::Cancel { partial }
            }
            Some(Err(error)) => {
                self.emit("llm.end", || json!({ "model": model, "error": error.to_string() }));
                Input::ModelFailed(error)
            }
            Some(Ok(response)) => {
                self.model.clone_from(&response.model);
                self.usage.add(response.usage);
                self.spend(response.usage, &response.model);
                if self.agent.windows.answered(&model, self.asked, response.usage) {
                    self.notice(format!(
                        "{} read only {} of about {} tokens: its context window may be smaller than this \
                         conversation. Set context_window, or make the server's larger",
                        response.model, response.usage.input, self.asked
                    ));
                }
                self.emit("llm.end", || {
                    json!({ "model": response.model, "usage": response.usage,
                            "duration_ms": started.elapsed().as_millis() as u64 })
                });
                Input::Model(response)
            }
        }
    }

    fn spend(&mut self, usage: Usage, model: &str) {
        let context = &self.input.context;
        let store = &self.agent.parts.store;
        self.queued.push(store.spend(&context.session, &context.turn, &context.agent, model, usage));
    }

    /// What the agent spent today, this turn's calls included; nothing where no budget asks for it.
    async fn spent_today(&mut self) -> Result<f64, StoreError> {
        if self.input.budget.usd_per_day.is_none() {
            return Ok(0.0);
        }
        self.settle().await?;
        self.agent.parts.store.spent_today(&self.input.context.agent).await
    }

    /// Runs all calls; each result is stored as it comes.
    async fn run_tools(&mut self, calls: Vec<ToolCall>) -> VecDeque<Action> {
        let parts = self.agent.parts.clone();
        let policy = self.input.policy.clone();
        let context = self.input.context.clone();
        let observer = self.input.observer.clone();
        let cancel = self.input.cancel.clone();
        let later = self.input.later.clone();
        let later = later.as_deref();
        let caller =
            Caller { parts: &parts, policy: &policy, context: &context, observer: &*observer, later };
        let mut results = pin!(caller.run(calls));
        loop {
            let result = tokio::select! {
                biased;
                // Leaving drops what runs, which stops it.
                () = cancel.cancelled() => return self.machine.handle(Input::Cancel { partial: String::new() }),
                result = results.next() => result,
            };
            let Some(result) = result else { return VecDeque::new() };
            let mut actions = self.machine.handle(Input::ToolDone(result));
            // As long as others run, a result is only to be stored.
            while let Some(Action::Store(message)) = actions.pop_front_if(|a| matches!(a, Action::Store(_))) {
                self.store(message);
            }
            if !actions.is_empty() {
                return actions;
            }
        }
    }

    async fn finish(mut self, mut end: TurnEnd) -> TurnOutcome {
        let status = match &end {
            TurnEnd::Answered(_) => TurnStatus::Done,
            TurnEnd::Cancelled => TurnStatus::Cancelled,
            TurnEnd::Failed { .. } => TurnStatus::Failed,
        };
        if self.begun {
            // Queued behind the messages before these are waited for: all share a commit.
            let store = self.agent.parts.store.clone();
            let context = self.input.context.clone();
            let closed = store.end_turn(&context.turn, status);
            let settled = self.settle().await;
            if let Err(error) = settled.and(closed.await) {
                end = TurnEnd::Failed { kind: "storage", message: error.to_string() };
            }
        }
        let TurnContext { session, turn, .. } = self.input.context.clone();
        let (rounds, usage, model) = (self.machine.rounds(), self.usage, std::mem::take(&mut self.model));
        let event = match &end {
            TurnEnd::Answered(text) => {
                TurnEvent::Done { session, turn, text: text.clone(), model: model.clone(), usage, rounds }
            }
            TurnEnd::Cancelled => {
                TurnEvent::Failed { session, turn, error: "cancelled".into(), kind: "cancelled", usage }
            }
            TurnEnd::Failed { kind, message } => {
                self.emit("error", || json!({ "kind": kind, "message": message }));
                TurnEvent::Failed { session, turn, error: message.clone(), kind, usage }
            }
        };
        self.emit("turn.end", || {
            json!({ "status": status, "model": model, "rounds": rounds,
                    "usage": { "input": usage.input, "output": usage.output, "total": usage.total(),
                               "usd": usage.usd, "estimated": usage.estimated } })
        });
        self.observe(event);
        TurnOutcome { end, usage, rounds, model }
    }

    fn observe(&self, event: TurnEvent) {
        self.input.observer.observe(&event);
    }

    fn notice(&self, text: String) {
        self.observe(TurnEvent::Notice { text });
    }

    fn emit(&self, event: &'static str, payload: impl FnOnce() -> serde_json::Value) {
        emit(&*self.agent.parts.hooks, &self.input.context, event, payload);
    }
}

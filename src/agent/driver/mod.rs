//! Does what the machine decides: calls the model, runs the tools, stores the messages.

mod asking;
mod ending;
mod entering;
mod loading;
mod resuming;
mod running;

use super::{
    Parts, TurnInput, context, cost,
    machine::{Action, Input, Turn},
    purse::Purse,
    window::Windows,
};
use crate::domain::{
    BoxFuture,
    event::TurnEvent,
    hook::{PromptDraft, TurnContext},
    id::CallId,
    message::Message,
    outcome::{TurnEnd, TurnOutcome},
    points::Point,
    store::StoreError,
    tool::ToolSpec,
    usage::estimate_tokens,
};
use serde_json::json;
use std::{collections::VecDeque, sync::Arc};

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

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Runs a turn to its end. The last event that the observer gets is `Done` or `Failed`.
    pub async fn turn(&self, input: TurnInput) -> TurnOutcome {
        let mut run = Run::new(self, input);
        let end = match run.begin().await {
            Ok(()) => {
                let actions = run.machine.handle(Input::Begin);
                run.drive(actions).await
            }
            Err(error) => TurnEnd::Failed { kind: "storage", message: error.to_string() },
        };
        run.finish(end).await
    }

    /// Runs a turn to its end that an earlier program began, and that waits for somebody's answer to a
    /// question. The input's text is not looked at.
    pub async fn resume(&self, input: TurnInput) -> TurnOutcome {
        let mut run = Run::new(self, input);
        let end = match run.take_up().await {
            Ok(actions) => run.drive(actions).await,
            Err(error) => TurnEnd::Failed { kind: "storage", message: error.to_string() },
        };
        run.finish(end).await
    }

    /// Closes such a turn, which cannot go on, as interrupted.
    pub async fn abandon(&self, context: &TurnContext) -> Result<(), StoreError> {
        self.parts.store.abandon(&context.session, &context.turn).await
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
    purse: Arc<Purse>,
    /// The model that answered last; before, the one that will be asked.
    model: String,
    /// The model that is asked: hooks may choose another for each call.
    asking: String,
    begun: bool,
    /// Hooks may change what is said: nothing of it is shown before they have.
    withheld: bool,
    /// Whether the model gets its earlier reasoning back.
    replays: bool,
    /// The call about which a person was asked before the program ended.
    asked_before: Option<CallId>,
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
            purse: Arc::default(),
            model: input.model.clone(),
            asking: input.model.clone(),
            begun: false,
            withheld: [Point::Response, Point::Finalize, Point::Reply]
                .into_iter()
                .any(|point| agent.parts.hooks.hooked(point)),
            replays: agent.parts.llm.replays_reasoning(&input.model),
            asked_before: None,
            told: false,
            queued: vec![],
            input,
        }
    }

    /// Stores the user's message and gets ready.
    async fn begin(&mut self) -> Result<(), StoreError> {
        let parts = &self.agent.parts;
        let TurnContext { session, turn, origin, .. } = self.input.context.clone();
        let message = Message::user(std::mem::take(&mut self.input.text));
        let begun = parts.store.begin_turn(&session, &turn, &origin, &message);
        // Looked up in one go with that: until the turn has ended, nobody else adds to the conversation.
        let stored = parts.store.context(&session);
        begun.await?;
        self.begun = true;
        let context = &self.input.context;
        self.observe(TurnEvent::Start {
            session: context.session.clone(),
            turn: context.turn.clone(),
            model: self.model.clone(),
        });
        self.emit("turn.start", || json!({ "text": message.text() }));

        self.prepare().await;
        if self.input.cancel.is_cancelled() {
            // The first model call will not be made either.
            return Ok(());
        }
        self.load(stored.await?).await
    }

    /// Makes the prompt, and looks up the tools.
    async fn prepare(&mut self) {
        let parts = &self.agent.parts;
        let context = &self.input.context;
        let draft = PromptDraft { system: std::mem::take(&mut self.input.prompt) };
        self.system = tokio::select! {
            biased;
            () = self.input.cancel.cancelled() => return,
            draft = parts.hooks.prompt(draft, context) => draft.system,
        };
        self.tools = parts.executor.specs().iter().filter(|s| self.input.policy.offers(s)).cloned().collect();
        self.fixed = estimate_tokens(&self.system) + cost::tools_cost(&self.tools);
    }

    async fn drive(&mut self, mut actions: VecDeque<Action>) -> TurnEnd {
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Store(message) => self.store(message),
                Action::Notice(text) => self.notice(text),
                Action::CallModel { tools } => {
                    if let Err(error) = self.join().await {
                        actions = self.machine.handle(Input::StoreFailed(error.to_string()));
                        continue;
                    }
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

    /// Takes in what was said meanwhile, where calls have got their results.
    async fn join(&mut self) -> Result<(), StoreError> {
        let Some(steering) = self.input.steering.clone() else { return Ok(()) };
        if self.machine.rounds() == 0 || self.input.cancel.is_cancelled() {
            return Ok(());
        }
        while let Some(text) = steering.next(&self.input.context).await {
            let mut message = Message::user(text);
            self.keep(&message);
            if let Some(told) = self.shorten(&mut message).await {
                self.tell_long(told);
            }
            self.push(message);
            self.settle().await?;
            steering.stored().await;
        }
        Ok(())
    }

    /// Hands a message to the store, which keeps the order, without waiting for the disk.
    fn store(&mut self, message: Message) {
        self.keep(&message);
        self.push(message);
    }

    /// The same for one that the model sees in another form.
    fn keep(&mut self, message: &Message) {
        let context = &self.input.context;
        let stored = self.agent.parts.store.append(&context.session, &context.turn, message.clone());
        self.queued.push(stored);
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

    fn observe(&self, event: TurnEvent) {
        self.input.observer.observe(&event);
    }

    fn notice(&self, text: String) {
        self.observe(TurnEvent::Notice { text });
    }

    fn emit(&self, event: &'static str, payload: impl FnOnce() -> serde_json::Value) {
        self.agent.parts.hooks.tell(&self.input.context, event, payload);
    }
}

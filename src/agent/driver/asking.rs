//! One call of a model: what fits, what may be spent, what came of it.

use super::{
    super::{budget, cost, machine::Input},
    Run,
};
use crate::domain::{
    chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider},
    event::{Observer, TurnEvent},
    points::{ModelAsked, Point},
    store::StoreError,
    usage::Usage,
};
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How long until a person who waits for an answer is told again why it may take long.
const FURTHER_WAIT: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// Learns from an overflow; whether the next request will be shorter.
    pub(super) async fn shrink(&mut self, limit: Option<u32>) -> bool {
        let facts = self.agent.parts.llm.facts(&self.asking);
        self.agent.windows.overflowed(&self.asking, &facts, self.asked, limit);
        let next = self.fitted().await;
        let length = next.as_deref().map_or(self.length, cost::total);
        let shortened = next.is_some_and(|next| next.first() != self.history.first());
        if shortened && !std::mem::replace(&mut self.told, true) {
            self.notice("the conversation was too long for the model; earlier parts are left out".into());
        }
        length + self.fixed < self.asked
    }

    pub(super) async fn call_model(&mut self, tools: bool) -> Input {
        let parts = self.agent.parts.clone();
        let asked =
            ModelAsked { round: self.machine.rounds(), tools, estimated_input: self.fixed + self.length };
        let model = parts.hooks.model(self.input.model.clone(), asked, &self.input.context).await;
        self.asking.clone_from(&model);
        let facts = parts.llm.facts(&model);
        let fitted = self.fitted().await;
        let length = fitted.as_deref().map_or(self.length, cost::total);
        self.asked = self.fixed + length;

        let limit = self.input.budget;
        let spent = match self.spent_today().await {
            Ok(spent) => spent,
            Err(error) => return Input::StoreFailed(error.to_string()),
        };
        let max_tokens = match budget::check(&limit, &facts, &model, self.purse.spent(), self.asked, spent) {
            Ok(room) => room.into_iter().chain(self.input.limits.max_tokens).min(),
            Err(message) => return Input::OverBudget(message),
        };
        let max_tokens = max_tokens.or_else(|| self.agent.windows.answer(&model, &facts, self.asked));
        self.machine.limit_answer(max_tokens);

        self.emit("llm.start", || json!({ "model": model, "estimated_input": self.asked }));
        let (mut partial, started) = (String::new(), Instant::now());
        let request = ChatRequest {
            model: &model,
            system: &self.system,
            messages: fitted.as_deref().unwrap_or(&self.history),
            tools: if tools { &self.offered } else { &[] },
            max_tokens,
        };
        let listener = Listener {
            llm: &*parts.llm,
            observer: &*self.input.observer,
            cancel: &self.input.cancel,
            withheld: self.withheld,
        };
        let answer = listener.hear(request, &mut partial).await;
        match answer {
            None => {
                self.emit("llm.end", || json!({ "model": model, "error": "cancelled" }));
                // What a hook might have changed is not kept as it came.
                let partial = if parts.hooks.hooked(Point::Response) { String::new() } else { partial };
                Input::Cancel { partial }
            }
            Some(Err(error)) => {
                self.emit("llm.end", || json!({ "model": model, "error": error.to_string() }));
                Input::ModelFailed(error)
            }
            Some(Ok(response)) => {
                self.model.clone_from(&response.model);
                self.purse.add(response.usage);
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
                self.answered(tools, response).await
            }
        }
    }

    /// Lets the hooks see an answer before anything is done with it.
    async fn answered(&mut self, tools: bool, mut response: ChatResponse) -> Input {
        let (hooks, context) = (&self.agent.parts.hooks, &self.input.context);
        hooks.response(&mut response.message, &response.model, context).await;
        let text = &response.message.text;
        if tools && !response.message.calls.is_empty() {
            if self.withheld && !text.is_empty() {
                self.observe(TurnEvent::Text { delta: text.clone() });
            }
        } else if let Some(attempt) = self.machine.may_send_back()
            && !text.trim().is_empty()
            && let Some(remark) = hooks.finalize(text, attempt, context).await
        {
            return Input::SentBack { response, remark };
        }
        Input::Model(response)
    }

    pub(super) fn spend(&mut self, usage: Usage, model: &str) {
        let context = &self.input.context;
        let store = &self.agent.parts.store;
        self.queued.push(store.spend(&context.session, &context.turn, &context.agent, model, usage));
    }

    /// What the agent spent today, this turn's calls included; nothing where no budget asks for it.
    pub(super) async fn spent_today(&mut self) -> Result<f64, StoreError> {
        if self.input.budget.usd_per_day.is_none() {
            return Ok(0.0);
        }
        self.settle().await?;
        self.agent.parts.store.spent_today(&self.input.context.agent).await
    }
}

/// Receives an answer while it streams.
struct Listener<'a> {
    llm: &'a dyn LlmProvider,
    observer: &'a dyn Observer,
    cancel: &'a CancellationToken,
    withheld: bool,
}

impl Listener<'_> {
    /// Asks the model; `partial` is what it has said so far, at any time. `None`: the turn was stopped.
    async fn hear(
        &self,
        request: ChatRequest<'_>,
        partial: &mut String,
    ) -> Option<Result<ChatResponse, ChatError>> {
        let (started, began) = (Instant::now(), AtomicBool::new(false));
        let mut sink = |delta| {
            began.store(true, Ordering::Relaxed);
            self.pass(delta, partial);
        };
        let waiting = self.llm.waiting(request.model);
        let mut wait = waiting.as_ref().map_or(FURTHER_WAIT, |waiting| waiting.after);
        let mut answer = self.llm.chat(request, &mut sink);
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return None,
                answer = &mut answer => return Some(answer),
                () = tokio::time::sleep(wait) => {
                    wait = FURTHER_WAIT;
                    if let Some(waiting) = waiting.as_ref().filter(|_| !began.load(Ordering::Relaxed)) {
                        let seconds = started.elapsed().as_secs();
                        let text = format!("waiting for {seconds} s: {}", waiting.words);
                        self.observer.observe(&TurnEvent::Notice { text });
                    }
                }
            }
        }
    }

    fn pass(&self, delta: Delta, partial: &mut String) {
        match delta {
            Delta::Text(delta) => {
                partial.push_str(&delta);
                if !self.withheld {
                    self.observer.observe(&TurnEvent::Text { delta });
                }
            }
            Delta::Reasoning(delta) => self.observer.observe(&TurnEvent::Reasoning { delta }),
            Delta::Restart { reason } => {
                partial.clear();
                self.observer.observe(&TurnEvent::Restart { reason });
            }
        }
    }
}

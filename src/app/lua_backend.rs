//! A model written in Lua, as the router takes it.

use crate::{
    domain::{
        BoxFuture,
        chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts},
    },
    llm::{AttemptError, Backend, FailureKind},
    script::LuaProvider,
};

/// Adapts [`LuaProvider`].
pub(super) struct LuaBackend(pub(super) LuaProvider);

impl Backend for LuaBackend {
    fn attempt<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>> {
        Box::pin(async move {
            let answer = self.0.chat(request, sink).await;
            // The router puts the provider's name before the model's.
            let bare = |response: ChatResponse| {
                let rest = response.model.strip_prefix(self.0.name());
                let model = rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or_default().to_owned();
                ChatResponse { model, ..response }
            };
            answer.map(bare).map_err(|error| match error {
                ChatError::ContextOverflow { limit, message } => {
                    AttemptError::new(FailureKind::Overflow { limit }, message)
                }
                ChatError::Unreadable { message, .. } => AttemptError::new(FailureKind::Unreadable, message),
                ChatError::Config(message) => AttemptError::config(message),
                // A function that failed fails again: the next model is tried.
                ChatError::AllFailed(attempts) => AttemptError::refused(
                    attempts.into_iter().map(|a| a.message).collect::<Vec<_>>().join("; "),
                ),
            })
        })
    }

    fn facts(&self, model: &str) -> ModelFacts {
        self.0.facts(model)
    }
}

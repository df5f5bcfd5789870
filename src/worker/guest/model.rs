//! Models, asked through the engine: no key is here.

use super::{
    super::protocol::{ModelAnswer, ModelAsked, action},
    link::Link,
};
use crate::domain::{
    BoxFuture,
    chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts},
    message::Message,
};
use tokio::sync::Mutex;

/// The engine's model.
pub(super) struct Remote {
    pub(super) link: Link,
    pub(super) context_window: Option<u32>,
    /// The conversation as the engine has it.
    pub(super) sent: Mutex<Vec<Message>>,
}

impl Remote {
    async fn ask(&self, request: ChatRequest<'_>) -> Result<ChatResponse, ChatError> {
        let mut sent = self.sent.lock().await;
        let keep = sent.iter().zip(request.messages).take_while(|(a, b)| a == b).count();
        let asked = ModelAsked {
            system: request.system.to_owned(),
            keep,
            messages: request.messages[keep..].to_vec(),
            tools: request.tools.to_vec(),
            max_tokens: request.max_tokens,
        };
        // Until it has answered, nobody knows what the engine has.
        sent.clear();
        let answer: ModelAnswer = self.link.put(action::MODEL, &asked).await.map_err(|error| {
            ChatError::Config(format!("the engine can't be asked for its model: {error}"))
        })?;
        *sent = request.messages.to_vec();
        answer.into()
    }
}

impl LlmProvider for Remote {
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        _: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(self.ask(request))
    }

    fn facts(&self, _: &str) -> ModelFacts {
        ModelFacts { context_window: self.context_window, price: None }
    }

    fn replays_reasoning(&self, _: &str) -> bool {
        true
    }
}

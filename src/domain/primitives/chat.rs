//! Models, asked by scripts without an agent.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture,
    chat::{ChatResponse, ModelFacts},
    hook::TurnContext,
    message::Message,
    tool::ToolSpec,
};

/// One question to a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelQuestion {
    /// `provider/model`; empty: the model of the agent in whose name it is asked.
    pub model: String,
    /// The system prompt.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools that the model may ask for; whoever asks runs them.
    pub tools: Vec<ToolSpec>,
    /// At most so many tokens in the answer.
    pub max_tokens: Option<u32>,
}

/// A provider, as listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelListing {
    /// Its name: what stands before the slash.
    pub provider: String,
    /// `provider/model` that answers when only the provider is named.
    pub model: String,
    /// Whether it answers when nothing is named.
    pub default: bool,
    /// What is known of the model.
    pub facts: ModelFacts,
}

/// Asks models. What an answer costs counts for the day of the agent of `context`.
pub trait Chats: Send + Sync {
    /// One call, with the retries and fallbacks of the model's provider. Dropping the future cancels it.
    fn chat<'a>(
        &'a self,
        question: ModelQuestion,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<ChatResponse, PrimitiveError>>;

    /// The providers there are, by name.
    fn models(&self) -> Result<Vec<ModelListing>, PrimitiveError>;
}

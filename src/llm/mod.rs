//! Language models behind [`LlmProvider`](crate::domain::chat::LlmProvider).
//!
//! A [`Router`] finds the model that a request names, retries it and fails over to others. Behind it
//! stand [`Backend`]s; the one made here is [`openai::OpenAiProvider`], for every server that speaks
//! the OpenAI chat completions protocol. How such servers differ is data: [`Dialect`].

mod answer;
mod backend;
mod base_url;
mod dialect;
pub mod discover;
mod failure;
mod hosts;
mod key;
mod names;
pub mod openai;
mod resolve;
mod retry;
mod retry_after;
mod router;
mod timeouts;
mod words;

pub use crate::domain::usage::estimate_tokens;
pub use backend::{AttemptError, Backend, FailureKind};
pub use base_url::BaseUrl;
pub use dialect::{Auth, ContentWithCalls, Dialect, IdFormat, MaxTokensField, SchemaFilter, SystemRole};
pub use key::{KeyReader, KeySource};
pub use names::Names;
pub use resolve::misnamed;
pub use retry::RetryPolicy;
pub use router::{Route, Router};
pub use timeouts::Timeouts;

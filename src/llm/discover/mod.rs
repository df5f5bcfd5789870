//! Finding models without configuration: keys in the environment, servers on this machine.

mod env;
mod local;
mod models;

pub use env::{KNOWN, KnownProvider, from_env, key_variable};
pub use local::{ANSWER_TIMEOUT, LOCAL_NAMES, LOCAL_URLS, local};
pub(super) use models::choose;

use crate::domain::{
    JsonMap,
    plan::{ProviderKind, ProviderSpec},
    secret::SecretRef,
};

/// A provider that was found rather than declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProvider {
    /// The name before the slash in `provider/model`.
    pub name: String,
    /// Its base URL.
    pub base_url: String,
    /// The variable that holds its key, if it has one.
    pub key_variable: Option<String>,
    /// The model to use when none is named; `None`: the first that the server lists.
    pub model: Option<String>,
    /// The context window of that model, when told.
    pub context_window: Option<u32>,
    /// All that a server on this machine lists.
    pub models: Vec<String>,
    /// Where it was found, for people: a variable's name, or an address.
    pub found: String,
}

impl FoundProvider {
    /// The same as a declaration.
    pub fn spec(&self) -> ProviderSpec {
        ProviderSpec {
            name: self.name.clone(),
            kind: ProviderKind::OpenAi {
                base_url: self.base_url.clone(),
                api_key: self.key_variable.clone().map(SecretRef::Env),
                dialect: JsonMap::new(),
            },
            fallback: Vec::new(),
            model: self.model.clone(),
            context_window: self.context_window,
            price: None,
            location: String::new(),
        }
    }
}

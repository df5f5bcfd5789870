//! What the server insists on.

use serde_json::{Value, json};

/// The rules of one server. The default is what OpenAI itself does, without a key.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The key to present. `None`: any or none.
    pub key: Option<String>,
    /// The context window in tokens.
    pub context_limit: Option<usize>,
    /// How many bytes of the messages' JSON are a token, for the window and the usage.
    pub bytes_per_token: usize,
    /// Whether the refusal of what does not fit says how large the window is.
    pub tells_limit: bool,
    /// Cut the stream into random pieces, inside characters and line ends too.
    pub seed: Option<u64>,
    /// What `GET /v1/models` lists.
    pub models: Vec<Value>,
    /// Whether there is a `GET /v1/models`.
    pub lists_models: bool,
    /// Known parameters that this model refuses.
    pub unsupported: Vec<&'static str>,
    /// Parameters that are taken beyond OpenAI's.
    pub extra_fields: Vec<&'static str>,
    /// Fields of messages and calls that are taken beyond OpenAI's.
    pub extra_message_fields: Vec<&'static str>,
    /// Whether system text may stand only at the start.
    pub system_first: bool,
    /// Whether two user or two assistant messages in a row are refused.
    pub alternate: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            key: None,
            context_limit: None,
            bytes_per_token: 4,
            tells_limit: true,
            seed: None,
            models: vec![json!({"id": "fake-model", "object": "model", "created": 1, "owned_by": "fake"})],
            lists_models: true,
            unsupported: Vec::new(),
            extra_fields: Vec::new(),
            extra_message_fields: Vec::new(),
            system_first: true,
            alternate: true,
        }
    }
}

impl Rules {
    /// The usual rules with another context window.
    pub fn window(tokens: usize) -> Self {
        Self { context_limit: Some(tokens), ..Self::default() }
    }

    /// The usual rules with random cuts.
    pub fn seeded(seed: u64) -> Self {
        Self { seed: Some(seed), ..Self::default() }
    }
}

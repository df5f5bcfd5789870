//! Keeping secrets out of what servers say back.

use crate::domain::{JsonMap, secret::Secret};

/// The shortest header value that is taken for a secret, in bytes.
const MIN_SECRET: usize = 8;

/// What must not be repeated.
pub(super) struct Redactor(Vec<String>);

impl Redactor {
    pub(super) fn new(key: Option<&Secret>, headers: &JsonMap) -> Self {
        let headers = headers.values().filter_map(|v| v.as_str()).filter(|v| v.len() >= MIN_SECRET);
        let mut secrets: Vec<String> = key
            .map(Secret::expose)
            .filter(|k| !k.is_empty())
            .into_iter()
            .chain(headers)
            .map(str::to_owned)
            .collect();
        // The longest first, in case one is a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// The text without secrets.
    pub(super) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[secret]"))
    }
}

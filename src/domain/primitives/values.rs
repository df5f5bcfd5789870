//! Values that scripts keep under keys, over reloads and restarts.

use super::PrimitiveError;
use crate::domain::BoxFuture;
use serde_json::Value;
use std::time::Duration;

/// Something to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptValue {
    /// Its name.
    pub key: String,
    /// The value; not null.
    pub value: Value,
    /// How long it is kept; `None`: until it is deleted.
    pub ttl: Option<Duration>,
    /// What must be there now; null: nothing. `None`: whatever there is.
    pub expect: Option<Value>,
}

/// Keeps values. What is acknowledged survives the end of the program.
pub trait Values: Send + Sync {
    /// The value under a key.
    fn get(&self, key: String) -> BoxFuture<'_, Result<Option<Value>, PrimitiveError>>;

    /// Keeps a value in the place of the one before. False, and nothing is changed, when something
    /// else is there than what is expected.
    fn set(&self, value: KeptValue) -> BoxFuture<'_, Result<bool, PrimitiveError>>;

    /// Adds to a number, which is 0 where there is none, and returns the sum.
    fn add(&self, key: String, by: Value) -> BoxFuture<'_, Result<Value, PrimitiveError>>;

    /// Deletes a value. Says whether there was one.
    fn delete(&self, key: String) -> BoxFuture<'_, Result<bool, PrimitiveError>>;

    /// At most `limit` keys that begin with `prefix`, sorted.
    fn keys(&self, prefix: String, limit: usize) -> BoxFuture<'_, Result<Vec<String>, PrimitiveError>>;
}

//! Values that scripts keep.

use crate::{
    domain::{
        BoxFuture,
        primitives::{KeptValue, PrimitiveError, Values},
    },
    memory::Memory,
};
use serde_json::Value;

/// Keeps them in the memory.
pub(super) struct ValuesHere(pub(super) Memory);

impl Values for ValuesHere {
    fn get(&self, key: String) -> BoxFuture<'_, Result<Option<Value>, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.kv_get(key).await?) })
    }

    fn set(&self, value: KeptValue) -> BoxFuture<'_, Result<bool, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.kv_set(value).await?) })
    }

    fn add(&self, key: String, by: Value) -> BoxFuture<'_, Result<Value, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.kv_add(key, by).await?) })
    }

    fn delete(&self, key: String) -> BoxFuture<'_, Result<bool, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.kv_delete(key).await?) })
    }

    fn keys(&self, prefix: String, limit: usize) -> BoxFuture<'_, Result<Vec<String>, PrimitiveError>> {
        Box::pin(async move { Ok(self.0.kv_keys(prefix, limit).await?) })
    }
}

//! Values that scripts keep under keys.

use super::{Memory, clock::now_ms, desk::Desk, error::Fault};
use crate::domain::{primitives::KeptValue, store::StoreError};
use rusqlite::OptionalExtension;
use serde_json::Value;
use std::time::Duration;

/// Bytes of a key, at most.
pub const KV_KEY_BYTES: usize = 512;
/// Bytes of a value as JSON, at most.
pub const KV_VALUE_BYTES: usize = 1 << 20;
/// Values that are kept, at most.
pub const KV_ENTRIES: i64 = 100_000;
/// Bytes of all keys and values together, at most.
pub const KV_BYTES: i64 = 256 << 20;

const GET: &str = "SELECT value FROM kv WHERE key = ?1 AND (expires_ms IS NULL OR expires_ms > ?2)";
const PUT: &str = "INSERT INTO kv (key, value, expires_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_ms = excluded.expires_ms";
const CHANGE: &str = "UPDATE kv SET value = ?2 WHERE key = ?1";
const DELETE: &str = "DELETE FROM kv WHERE key = ?1";
const EXPIRE: &str = "DELETE FROM kv WHERE expires_ms <= ?1";
const SIZE: &str = "SELECT entries, bytes FROM kv_size";
const KEYS: &str = "SELECT key FROM kv WHERE key >= ?1 AND key < ?1 || char(0x10ffff)
    AND (expires_ms IS NULL OR expires_ms > ?2) ORDER BY key LIMIT ?3";

impl Memory {
    /// The value under a key.
    pub async fn kv_get(&self, key: String) -> Result<Option<Value>, StoreError> {
        self.read(move |conn| {
            let found: Option<String> = conn.query_row(GET, (key, now_ms()), |row| row.get(0)).optional()?;
            found.map(|text| parse(&text)).transpose()
        })
        .await
    }

    /// Keeps a value. False, and nothing is changed, when something else is there than expected.
    pub async fn kv_set(&self, new: KeptValue) -> Result<bool, StoreError> {
        check(&new.key)?;
        let text = new.value.to_string();
        if text.len() > KV_VALUE_BYTES {
            let size = text.len();
            return Err(StoreError::Refused(format!(
                "the value of {:?} takes {size} bytes as JSON; at most {KV_VALUE_BYTES} are kept",
                new.key
            )));
        }
        self.write(move |desk| {
            let now = now_ms();
            desk.run(EXPIRE, [now])?;
            if let Some(expected) = &new.expect
                && found(desk, &new.key, now)?.unwrap_or_default() != *expected
            {
                return Ok(false);
            }
            desk.run(PUT, (&new.key, &text, new.ttl.map(|ttl| end(now, ttl))))?;
            within_bounds(desk)?;
            Ok(true)
        })
        .await
    }

    /// Adds to a number and returns the sum, whose time to live stays what it was.
    pub async fn kv_add(&self, key: String, by: Value) -> Result<Value, StoreError> {
        check(&key)?;
        self.write(move |desk| {
            let now = now_ms();
            desk.run(EXPIRE, [now])?;
            let before = found(desk, &key, now)?;
            let sum = sum(before.as_ref().unwrap_or(&Value::from(0)), &by).ok_or_else(|| {
                StoreError::Refused(format!("{key:?} holds no number that this can be added to"))
            })?;
            match before {
                Some(_) => desk.run(CHANGE, (&key, sum.to_string()))?,
                None => desk.run(PUT, (&key, sum.to_string(), None::<i64>))?,
            };
            within_bounds(desk)?;
            Ok(sum)
        })
        .await
    }

    /// Deletes a value; says whether there was one.
    pub async fn kv_delete(&self, key: String) -> Result<bool, StoreError> {
        self.write(move |desk| {
            desk.run(EXPIRE, [now_ms()])?;
            Ok(desk.run(DELETE, [key])? > 0)
        })
        .await
    }

    /// Keys that begin with `prefix`, sorted.
    pub async fn kv_keys(&self, prefix: String, limit: usize) -> Result<Vec<String>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| {
            let mut statement = conn.prepare(KEYS)?;
            let rows = statement.query_map((prefix, now_ms(), limit), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn check(key: &str) -> Result<(), StoreError> {
    match key.len() {
        0 => Err(StoreError::Refused("the key is empty".into())),
        1..=KV_KEY_BYTES => Ok(()),
        _ => Err(StoreError::Refused(format!("a key has at most {KV_KEY_BYTES} bytes"))),
    }
}

fn found(desk: &mut Desk<'_>, key: &str, now: i64) -> Result<Option<Value>, Fault> {
    let text = desk.row(GET, (key, now), |row| row.get::<_, String>(0))?;
    text.map(|text| parse(&text)).transpose()
}

fn parse(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::Text(format!("a kept value is damaged: {error}")))
}

/// Fails, which undoes the write, when there is too much.
fn within_bounds(desk: &mut Desk<'_>) -> Result<(), Fault> {
    let size = desk.row(SIZE, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let refused = |what: String| Err(StoreError::Refused(format!("{what}; delete some first")).into());
    match size {
        Some((entries, _)) if entries > KV_ENTRIES => {
            refused(format!("{KV_ENTRIES} values are kept already"))
        }
        Some((_, bytes)) if bytes > KV_BYTES => {
            refused(format!("all values together may take {KV_BYTES} bytes"))
        }
        _ => Ok(()),
    }
}

/// Whole numbers stay whole as long as they can.
fn sum(a: &Value, b: &Value) -> Option<Value> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.checked_add(b).map(Value::from),
        _ => serde_json::Number::from_f64(a.as_f64()? + b.as_f64()?).map(Value::Number),
    }
}

fn end(now: i64, ttl: Duration) -> i64 {
    now.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::sum;
    use serde_json::json;

    #[test]
    fn sums_stay_whole_and_never_overflow() {
        assert_eq!(sum(&json!(2), &json!(3)), Some(json!(5)));
        assert_eq!(sum(&json!(2), &json!(0.5)), Some(json!(2.5)));
        assert_eq!(sum(&json!(i64::MAX), &json!(1)), None);
        assert_eq!(sum(&json!("2"), &json!(1)), None);
        assert_eq!(sum(&json!(1e308), &json!(1e308)), None);
    }
}

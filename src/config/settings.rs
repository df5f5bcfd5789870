//! The settings as the rest of the program reads them.

use super::Origin;
use crate::domain::{network::Opened, rates::Rates, rules::Autonomy, secret::SecretRef};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

/// All settings, checked. What each means is said in [`KEYS`](super::KEYS), by the same names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Settings {
    pub model: Option<String>,
    pub agent: String,
    pub base_url: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub api_key: Option<SecretRef>,
    pub context_window: Option<u32>,
    pub max_tokens: Option<u32>,
    pub max_tool_rounds: u32,
    /// Absolute when given.
    pub workspace: Option<PathBuf>,
    pub database: PathBuf,
    pub keep_sessions_days: Option<u32>,
    pub history: PathBuf,
    pub autonomy: Autonomy,
    #[serde(deserialize_with = "seconds")]
    pub tool_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub max_tool_timeout: Duration,
    pub tool_output_chars: usize,
    pub spill_bytes: u64,
    pub pass_env: Vec<String>,
    pub unprotected: Vec<String>,
    #[serde(deserialize_with = "opened")]
    pub http_allow: Vec<Opened>,
    #[serde(deserialize_with = "rates")]
    pub rates: Option<Rates>,
    pub worker_binary: Option<PathBuf>,
    #[serde(deserialize_with = "seconds")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub first_token_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub local_first_token_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    pub retries: u32,
    #[serde(deserialize_with = "seconds")]
    pub max_retry_wait: Duration,
    pub local_servers: Vec<String>,
    #[serde(deserialize_with = "seconds")]
    pub local_server_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub hook_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub observer_timeout: Duration,
    pub lua_memory_mb: u32,
    pub reload: ReloadSettings,
    #[serde(deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
    pub log: String,
    pub log_format: LogFormat,
    /// The value of each key as given, `~` expanded, and where from.
    #[serde(skip)]
    pub(super) sources: BTreeMap<&'static str, (Value, Origin)>,
}

/// What a reload has to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReloadSettings {
    /// The specs beside `init.lua`.
    pub require_tests: bool,
}

/// The form of a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Where the value of `key` came from; `None` when there is no such setting.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.sources.get(key).map(|(_, origin)| origin)
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretRef>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse()).transpose().map_err(serde::de::Error::custom)
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(false) => Ok(None),
        Value::String(address) => address.parse().map(Some).map_err(serde::de::Error::custom),
        other => Err(serde::de::Error::custom(format!("{other} is no address"))),
    }
}

/// `false`, or all of the numbers.
fn rates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rates>, D::Error> {
    #[derive(Deserialize)]
    struct All {
        per_minute: u32,
        burst: u32,
        channel_per_minute: u32,
        channel_burst: u32,
    }
    let value = Value::deserialize(deserializer)?;
    if value == Value::Bool(false) {
        return Ok(None);
    }
    let All { per_minute, burst, channel_per_minute, channel_burst } =
        serde_json::from_value(value).map_err(serde::de::Error::custom)?;
    Ok(Some(Rates::of(per_minute, Some(burst), Some(channel_per_minute), Some(channel_burst))))
}

fn opened<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Opened>, D::Error> {
    let items = Vec::<String>::deserialize(deserializer)?;
    items.iter().map(|item| item.parse()).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

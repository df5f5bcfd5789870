//! Running `init.lua`.

use super::{ConfigError, process::Process};
use crate::{
    config::{KEYS, Located, Settings},
    script::{
        Generation, HostOptions, LoadFailure, OBSERVER_LIMIT, ScriptHandle, ScriptHost, SettingKey, Source,
        Texts,
    },
};
use std::sync::Arc;

/// The configuration of those who have none.
const SHIPPED: &str = include_str!("../../init.lua");
/// What it is called in errors and rules.
const SHIPPED_NAME: &str = "built-in init.lua";

/// Gives the script what it set for itself.
pub(super) async fn limit(
    script: &ScriptHandle,
    early: &Settings,
    settings: &Settings,
) -> Result<(), ConfigError> {
    let same = (early.lua_memory_mb, OBSERVER_LIMIT) == (settings.lua_memory_mb, settings.observer_timeout);
    if same {
        return Ok(());
    }
    script.limit(bytes(settings), settings.observer_timeout).await.map_err(ConfigError::new)
}

fn bytes(settings: &Settings) -> usize {
    settings.lua_memory_mb as usize * 1024 * 1024
}

/// Runs the `init.lua` in use for `process`, on a thread that stays for its functions. `kept` stands in
/// for all files.
pub(super) async fn run(
    process: &Process,
    located: &Located,
    kept: Option<Arc<Texts>>,
    settings: &Settings,
) -> Result<Generation, LoadFailure> {
    let source = match (&located.init, kept) {
        (Some(path), None) => Source::File(path.clone()),
        (Some(path), Some(files)) => Source::Kept { path: path.clone(), files },
        (None, _) => Source::Embedded { name: SHIPPED_NAME.into(), text: SHIPPED.into() },
    };
    let keys: Vec<SettingKey> = KEYS
        .iter()
        .map(|key| SettingKey { name: key.name, check: Arc::new(|value| key.kind.check(value).map(drop)) })
        .collect();
    let options = HostOptions {
        settings: keys.into(),
        memory_limit: bytes(settings),
        notice: process.notice.clone(),
        specs: process.specs.is_some(),
        print: process.specs.clone(),
        program: process.health.clone(),
        generation: process.next_generation(),
        ..HostOptions::default()
    };
    ScriptHost::start(source, options).await
}

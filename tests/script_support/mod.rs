//! Starting a script host in tests.
#![allow(dead_code)]

pub(crate) mod runaways;

use openpista::{
    domain::{
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
    },
    script::{Generation, HostOptions, Limits, LoadFailure, Outcome, ScriptHost, SettingKey, Source},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The keys of `pista.setup` in these tests.
pub(crate) fn settings() -> Arc<[SettingKey]> {
    fn text(value: &Value) -> Result<(), String> {
        value.is_string().then_some(()).ok_or_else(|| "expected a string".into())
    }
    fn number(value: &Value) -> Result<(), String> {
        value.is_u64().then_some(()).ok_or_else(|| "expected a whole number".into())
    }
    Arc::new([
        SettingKey { name: "model", check: Arc::new(text) },
        SettingKey { name: "max_tool_rounds", check: Arc::new(number) },
        SettingKey { name: "token", check: Arc::new(text) },
    ])
}

pub(crate) fn options() -> HostOptions {
    HostOptions { settings: settings(), ..HostOptions::default() }
}

pub(crate) async fn load(text: &str) -> Result<Generation, LoadFailure> {
    let source = Source::Embedded { name: "init.lua".into(), text: text.to_owned().into() };
    ScriptHost::start(source, options()).await
}

/// Loads what has to load.
pub(crate) async fn start(text: &str) -> Generation {
    match load(text).await {
        Ok(generation) => generation,
        Err(failure) => panic!("{failure}\n{:?}", failure.error.traceback),
    }
}

/// The message with which a text fails to load.
pub(crate) async fn fails(text: &str) -> String {
    match load(text).await {
        Ok(_) => panic!("this loads:\n{text}"),
        Err(failure) => failure.to_string(),
    }
}

pub(crate) fn limit(millis: u64) -> Limits {
    Limits::both(Duration::from_millis(millis))
}

/// Evaluates an expression to its shown form.
pub(crate) async fn eval(generation: &Generation, code: &str) -> String {
    match generation.handle.eval(code, limit(10_000)).await.outcome {
        Outcome::Values(shown) => shown.unwrap_or_default(),
        Outcome::Incomplete => "incomplete".into(),
        Outcome::Error(error) => format!("error: {error}"),
    }
}

pub(crate) fn context() -> TurnContext {
    TurnContext {
        session: SessionId::from("s1"),
        turn: TurnId::from("t1"),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "ada".into() },
        depth: 0,
    }
}

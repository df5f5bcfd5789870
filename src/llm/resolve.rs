//! From the text of a request to the models to try, in order.

use super::{discover, router::Route};
use crate::domain::nearest::nearest;
use std::collections::BTreeMap;

/// The most models that one request tries.
pub(super) const MAX_MODELS: usize = 8;

/// One model of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) provider: String,
    /// Empty when neither the request nor the provider names one.
    pub(super) model: String,
}

impl Target {
    /// `provider/model`.
    pub(super) fn label(&self, model: &str) -> String {
        let model = if self.model.is_empty() { model } else { &self.model };
        // Some servers list their models by a path.
        match model.trim_start_matches('/') {
            "" => self.provider.clone(),
            model => format!("{}/{model}", self.provider),
        }
    }
}

/// Finds the provider of `text` (`provider/model`, `model`, `provider` or empty). What stands before
/// the first slash counts as a provider only if there is one of that name, since model names have
/// slashes too. `default` is read in the same way, and else the first provider stands in.
pub(super) fn target(routes: &BTreeMap<String, Route>, default: &str, text: &str) -> Option<Target> {
    let named = |text: &str| {
        let (provider, model) = text.split_once('/').unwrap_or((text, ""));
        let route = routes.get(provider)?;
        let model = if model.is_empty() { route.model.clone().unwrap_or_default() } else { model.to_owned() };
        Some(Target { provider: provider.to_owned(), model })
    };
    if let Some(target) = named(text) {
        return Some(target);
    }
    let fallback = named(default).or_else(|| {
        let provider = routes.keys().next()?;
        let mut target = named(provider)?;
        if !default.is_empty() {
            target.model = default.to_owned();
        }
        Some(target)
    })?;
    Some(if text.is_empty() { fallback } else { Target { model: text.to_owned(), ..fallback } })
}

/// Why `text` names no model of these providers: what stands before its first slash is none of them.
/// `default` is the provider that would answer in its place. `None`: it names one, or only a model.
pub fn misnamed<'p>(
    providers: impl Iterator<Item = &'p str> + Clone,
    default: &str,
    text: &str,
) -> Option<String> {
    let (first, _) = text.split_once('/')?;
    if providers.clone().any(|provider| provider == first) {
        return None;
    }
    if let Some(variable) = discover::key_variable(first) {
        return Some(format!(
            "the model {text:?}: the provider {first} has no key: set the environment variable {variable}"
        ));
    }
    let known = discover::KNOWN.iter().map(|known| known.name);
    let hint = nearest(first, providers.clone().chain(known))
        .map_or_else(|| ".".to_owned(), |meant| format!("; did you mean {meant:?}?"));
    let there = match providers.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => String::new(),
        names => format!(" There is {names}."),
    };
    let default = default.split('/').next().unwrap_or_default();
    let other = match default {
        "" => String::new(),
        default => format!(" A model of {default} that is called so is written {default}/{text}"),
    };
    Some(
        format!("the model {text:?}: no provider is called {first:?}{hint}{there}{other}")
            .trim_end()
            .to_owned(),
    )
}

/// The model asked for and its fallbacks, depth first, each once.
pub(super) fn chain(routes: &BTreeMap<String, Route>, default: &str, text: &str) -> Vec<Target> {
    let mut found: Vec<Target> = Vec::new();
    let mut todo: Vec<Target> = target(routes, default, text).into_iter().collect();
    while let Some(next) = todo.pop() {
        if found.contains(&next) || found.len() == MAX_MODELS {
            continue;
        }
        let fallbacks = routes.get(&next.provider).map(|route| route.fallback.as_slice()).unwrap_or_default();
        todo.extend(fallbacks.iter().rev().filter_map(|text| target(routes, default, text)));
        found.push(next);
    }
    found
}

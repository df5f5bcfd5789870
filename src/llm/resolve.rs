//! From the text of a request to the models to try, in order.

use super::router::Route;
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
        if model.is_empty() { self.provider.clone() } else { format!("{}/{model}", self.provider) }
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

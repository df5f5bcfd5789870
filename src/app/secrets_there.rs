//! Whether the secrets are there that a configuration names.

use super::Loaded;
use crate::domain::secret::SecretRef;
use std::collections::BTreeMap;

/// What is missing, each with the place that names it. Commands are not run: they may ask a person.
pub(super) async fn missing(loaded: &Loaded) -> Vec<String> {
    let mut named: BTreeMap<String, (&SecretRef, String)> = BTreeMap::new();
    for (secret, location) in &loaded.plan.secrets {
        named.entry(secret.to_string()).or_insert_with(|| (secret, format!("{location}: ")));
    }
    if let Some(secret) = &loaded.settings.api_key {
        named.entry(secret.to_string()).or_insert_with(|| (secret, "api_key: ".to_owned()));
    }
    let mut warnings = vec![];
    for (secret, place) in named.values() {
        if matches!(secret, SecretRef::Cmd(_)) {
            continue;
        }
        if let Err(error) = loaded.secrets.resolve(secret).await {
            warnings.push(format!("{place}a secret is not there: {error}"));
        }
    }
    warnings
}

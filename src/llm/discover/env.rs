//! Providers whose key is in the environment.

use super::FoundProvider;

/// A provider that the engine knows by name.
#[derive(Clone, Copy, Debug)]
pub struct KnownProvider {
    /// The name before the slash in `provider/model`.
    pub name: &'static str,
    /// The variables that may hold its key, in order.
    pub key_variables: &'static [&'static str],
    /// Its base URL.
    pub base_url: &'static str,
    /// A good model to begin with.
    pub model: &'static str,
}

/// The providers known by name, in the order in which they are preferred.
pub const KNOWN: [KnownProvider; 12] = [
    known("openai", &["OPENAI_API_KEY"], "https://api.openai.com/v1", "gpt-5-mini"),
    known("anthropic", &["ANTHROPIC_API_KEY"], "https://api.anthropic.com/v1", "claude-sonnet-4-5"),
    known("openrouter", &["OPENROUTER_API_KEY"], "https://openrouter.ai/api/v1", "openrouter/auto"),
    known(
        "gemini",
        &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "gemini-2.5-flash",
    ),
    known("groq", &["GROQ_API_KEY"], "https://api.groq.com/openai/v1", "openai/gpt-oss-120b"),
    known("mistral", &["MISTRAL_API_KEY"], "https://api.mistral.ai/v1", "mistral-medium-latest"),
    known("deepseek", &["DEEPSEEK_API_KEY"], "https://api.deepseek.com/v1", "deepseek-chat"),
    known("xai", &["XAI_API_KEY"], "https://api.x.ai/v1", "grok-4"),
    known(
        "together",
        &["TOGETHER_API_KEY"],
        "https://api.together.xyz/v1",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    ),
    known("cerebras", &["CEREBRAS_API_KEY"], "https://api.cerebras.ai/v1", "gpt-oss-120b"),
    known(
        "fireworks",
        &["FIREWORKS_API_KEY"],
        "https://api.fireworks.ai/inference/v1",
        "accounts/fireworks/models/gpt-oss-120b",
    ),
    known("deepinfra", &["DEEPINFRA_API_KEY"], "https://api.deepinfra.com/v1/openai", "openai/gpt-oss-120b"),
];

const fn known(
    name: &'static str,
    key_variables: &'static [&'static str],
    base_url: &'static str,
    model: &'static str,
) -> KnownProvider {
    KnownProvider { name, key_variables, base_url, model }
}

/// The providers whose key is set, most preferred first. Empty variables count as unset.
///
/// `OPENAI_BASE_URL` moves the provider `openai` to another server, and is enough by itself;
/// `OPENAI_MODEL` names its model. A server of one's own without it is asked for its first model.
pub fn from_env(read: &dyn Fn(&str) -> Option<String>) -> Vec<FoundProvider> {
    let set = |name: &str| read(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let base_url = set("OPENAI_BASE_URL");
    KNOWN
        .iter()
        .filter_map(|known| {
            let key =
                known.key_variables.iter().find(|name| set(name).is_some()).map(|name| (*name).to_owned());
            let moved = if known.name == "openai" { base_url.clone() } else { None };
            let found = match (&moved, &key) {
                (Some(_), _) => "OPENAI_BASE_URL".to_owned(),
                (None, Some(name)) => name.clone(),
                (None, None) => return None,
            };
            let model = if known.name == "openai" { set("OPENAI_MODEL") } else { None };
            let usual = moved.as_ref().is_none_or(|url| url.contains("api.openai.com"));
            Some(FoundProvider {
                name: known.name.to_owned(),
                base_url: moved.unwrap_or_else(|| known.base_url.to_owned()),
                key_variable: key,
                model: model.or_else(|| usual.then(|| known.model.to_owned())),
                context_window: None,
                models: Vec::new(),
                found,
            })
        })
        .collect()
}

/// The variable that holds the key of the known provider `name`.
pub fn key_variable(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| known.name == name)?.key_variables.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{BaseUrl, Dialect};

    fn found(variables: &[(&str, &str)]) -> Vec<FoundProvider> {
        from_env(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn keys_bring_their_providers_in_order() {
        assert!(found(&[]).is_empty());
        assert!(found(&[("OPENAI_API_KEY", " ")]).is_empty());
        let list = found(&[("GROQ_API_KEY", "g"), ("OPENAI_API_KEY", "o"), ("GOOGLE_API_KEY", "x")]);
        let names: Vec<_> = list.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["openai", "gemini", "groq"]);
        assert_eq!(list[1].key_variable.as_deref(), Some("GOOGLE_API_KEY"));
    }

    #[test]
    fn a_base_url_alone_is_enough() {
        let list = found(&[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")]);
        assert_eq!(list.len(), 1);
        assert_eq!(
            (list[0].base_url.as_str(), &list[0].key_variable, &list[0].model),
            ("http://127.0.0.1:9/v1", &None, &None)
        );
        let list = found(&[("OPENAI_BASE_URL", "http://x"), ("OPENAI_MODEL", "m"), ("OPENAI_API_KEY", "k")]);
        assert_eq!(list[0].model.as_deref(), Some("m"));
        assert_eq!(list[0].key_variable.as_deref(), Some("OPENAI_API_KEY"));
    }

    #[test]
    fn the_table_is_sound() {
        for known in KNOWN {
            let url = BaseUrl::parse(known.base_url).expect(known.name);
            assert_eq!(url.to_string(), known.base_url);
            assert!(!known.model.is_empty() && !url.is_local());
            let _ = Dialect::of(&url);
        }
    }
}

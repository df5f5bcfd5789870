//! What values a setting can have.

use crate::domain::{nearest::nearest, network::Opened, rates::Rates, secret::SecretRef};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The kind of a setting's value: how it is read from text, checked and described.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`; in text also yes/no, on/off, 1/0.
    Bool,
    /// A whole number within bounds.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number of seconds within bounds; fractions count.
    Seconds {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// Text that is not blank.
    Text,
    /// A path; `~` stands for the home directory.
    Path,
    /// An `http://` or `https://` URL.
    Url,
    /// A list of `http://` or `https://` URLs; in text separated by commas.
    Urls,
    /// A list of names of environment variables; in text separated by commas.
    Names,
    /// A list of names of files; in text separated by commas.
    Files,
    /// A list of ranges of addresses and of `host:port`; in text separated by commas.
    Addresses,
    /// An address and a port of this machine, or `false` for none.
    Listen,
    /// Where a secret is kept: `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    Secret,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A table of these words, each true or false; in text those that are true, separated by commas.
    Switches(&'static [&'static str]),
    /// How often people may speak: a table of [`Rates::KEYS`], or false.
    Rates,
    /// A log level, or several `target=level` with or without a level before them.
    Log,
}

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

impl Kind {
    /// What is allowed, to follow "must be" in a sentence.
    pub fn allowed(&self) -> String {
        match self {
            Self::Bool => "true or false".into(),
            Self::Integer { min, max } if *max == i64::MAX => format!("a whole number from {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Seconds { min, max } => format!("a number of seconds from {min} to {max}"),
            Self::Text => "text".into(),
            Self::Path => "a path".into(),
            Self::Url => "a URL that begins with http:// or https://".into(),
            Self::Urls => "a list of URLs that begin with http:// or https://".into(),
            Self::Names => "a list of names of environment variables".into(),
            Self::Files => "a list of names of files, without directories".into(),
            Self::Addresses => "a list of addresses (\"10.0.0.0/8\") and servers (\"nas.local:8080\")".into(),
            Self::Listen => "an address and a port (\"127.0.0.1:4433\"), or false".into(),
            Self::Secret => "where the secret is kept (\"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"), \
                             not the secret itself"
                .into(),
            Self::Choice(words) => either(words),
            Self::Switches(words) => format!("a table that says true or false for {}", either(words)),
            Self::Rates => "false, or a table such as { per_minute = 60, burst = 60 }".into(),
            Self::Log => format!("{}, or a list such as \"warn,openpista=debug\"", either(LEVELS)),
        }
    }

    /// Reads text from the environment or the command line. A list can also be a JSON array, which
    /// is the only way to write an empty one, and a table of switches a JSON object.
    ///
    /// # Errors
    /// What is wrong and what is allowed, to follow the key in a sentence.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let trimmed = text.trim();
        let value = match self {
            Self::Bool => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => json!(true),
                "false" | "no" | "off" | "0" => json!(false),
                _ => json!(text),
            },
            Self::Listen if matches!(trimmed, "false" | "no" | "off") => json!(false),
            Self::Integer { .. } => trimmed.parse::<i64>().map_or_else(|_| json!(text), Value::from),
            Self::Seconds { .. } => match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
                (Ok(whole), _) => json!(whole),
                (_, Ok(number)) if number.is_finite() => json!(number),
                _ => json!(text),
            },
            Self::Urls | Self::Names | Self::Files | Self::Addresses if trimmed.starts_with('[') => {
                serde_json::from_str(trimmed).unwrap_or_else(|_| json!(text))
            }
            Self::Urls | Self::Names | Self::Files | Self::Addresses => {
                trimmed.split(',').map(str::trim).filter(|s| !s.is_empty()).collect()
            }
            Self::Switches(_) if trimmed.starts_with('{') => {
                serde_json::from_str(trimmed).unwrap_or_else(|_| json!(text))
            }
            Self::Switches(_) => {
                let on = trimmed.split(',').map(str::trim).filter(|word| !word.is_empty());
                on.map(|word| (word.to_owned(), json!(true))).collect::<serde_json::Map<_, _>>().into()
            }
            Self::Rates => rates_in_text(trimmed),
            Self::Path => json!(text),
            _ => json!(trimmed),
        };
        self.check(&value)
    }

    /// Checks a value and brings it into its one form (`10.0` becomes `10`).
    ///
    /// # Errors
    /// What is wrong and what is allowed, to follow the key in a sentence.
    pub fn check(&self, value: &Value) -> Result<Value, String> {
        let good = match (self, value) {
            (Self::Bool, Value::Bool(_)) => Some(value.clone()),
            (Self::Listen, Value::Bool(false)) => Some(value.clone()),
            (Self::Integer { min, max }, Value::Number(_)) => {
                whole(value).filter(|n| (min..=max).contains(&n)).map(Value::from)
            }
            (Self::Seconds { min, max }, Value::Number(number)) => {
                number.as_f64().filter(|n| (min..=max).contains(&n)).map(seconds)
            }
            (Self::Urls | Self::Names | Self::Files | Self::Addresses, Value::Array(items)) => {
                items.iter().all(|item| self.item(item)).then(|| value.clone())
            }
            (Self::Switches(words), Value::Object(map)) => switches(words, map),
            (Self::Rates, Value::Bool(false)) => Some(json!(false)),
            (Self::Rates, Value::Object(map)) => rates(map),
            // An empty table in Lua is a list and a map.
            (Self::Urls | Self::Names | Self::Files | Self::Addresses, Value::Object(map))
                if map.is_empty() =>
            {
                Some(json!([]))
            }
            (_, Value::String(text)) if self.text(text) => Some(value.clone()),
            _ => None,
        };
        good.ok_or_else(|| format!("must be {}{}", self.allowed(), self.found(value)))
    }

    fn text(&self, text: &str) -> bool {
        match self {
            Self::Text => !text.trim().is_empty(),
            Self::Path => !text.is_empty() && !text.contains('\0'),
            Self::Url => url(text),
            Self::Listen => text.parse::<SocketAddr>().is_ok(),
            Self::Secret => text.parse::<SecretRef>().is_ok(),
            Self::Choice(words) => words.contains(&text),
            Self::Log => log(text),
            _ => false,
        }
    }

    fn item(&self, item: &Value) -> bool {
        item.as_str().is_some_and(|text| match self {
            Self::Urls => url(text),
            Self::Files => !text.trim().is_empty() && !text.contains(['/', '\0']),
            Self::Addresses => text.parse::<Opened>().is_ok(),
            _ => !text.is_empty() && !text.contains(['=', '\0', ' ']),
        })
    }

    /// What was found instead, unless it may be or hold a secret.
    fn found(&self, value: &Value) -> String {
        match value {
            Value::String(_) if matches!(self, Self::Secret | Self::Url) => String::new(),
            Value::String(text) if text.chars().count() > 40 => ", not a long text".into(),
            Value::String(text) => format!(", not {text:?}"),
            Value::Number(number) => format!(", not {number}"),
            Value::Bool(flag) => format!(", not {flag}"),
            Value::Null => ", not nothing".into(),
            Value::Array(_) if matches!(self, Self::Urls | Self::Names | Self::Files | Self::Addresses) => {
                String::new()
            }
            Value::Array(_) => ", not a list".into(),
            Value::Object(map) => match self {
                Self::Switches(words) => odd(words, map),
                Self::Rates => odd_rates(map),
                _ => ", not a table".into(),
            },
        }
    }
}

/// The switches, all of them: what is not given is off.
fn switches(words: &[&str], map: &serde_json::Map<String, Value>) -> Option<Value> {
    let known = map.iter().all(|(word, value)| words.contains(&word.as_str()) && value.is_boolean());
    let all = words.iter().map(|word| ((*word).to_owned(), map.get(*word).cloned().unwrap_or(json!(false))));
    known.then(|| Value::Object(all.collect()))
}

/// What is wrong in a table of switches.
fn odd(words: &[&str], map: &serde_json::Map<String, Value>) -> String {
    let wrong = map.iter().find(|(word, value)| !words.contains(&word.as_str()) || !value.is_boolean());
    match wrong {
        Some((word, _)) if !words.contains(&word.as_str()) => {
            let near = nearest(word, words.iter().copied());
            let hint = near.map_or_else(
                || format!(" (there is {})", words.join(", ")),
                |near| format!("; did you mean {near:?}?"),
            );
            format!(", not for {word:?}{hint}")
        }
        Some((word, value)) => format!(", not {word} = {value}"),
        None => String::new(),
    }
}

/// `60,10`: so many in a minute, so many at once.
fn rates_in_text(text: &str) -> Value {
    if text.starts_with('{') {
        return serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    }
    let numbers: Option<Vec<u32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match (text.to_ascii_lowercase().as_str(), numbers) {
        ("false" | "no" | "off" | "0", _) => json!(false),
        (_, Some(numbers)) if numbers.len() <= Rates::KEYS.len() => {
            let named = Rates::KEYS.iter().zip(numbers);
            named
                .map(|(key, number)| ((*key).to_owned(), json!(number)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        _ => json!(text),
    }
}

/// All of the rates: what is not given follows from the rest.
fn rates(map: &serde_json::Map<String, Value>) -> Option<Value> {
    let [per_minute, burst, channel_per_minute, channel_burst] = Rates::KEYS;
    let known = map.keys().all(|key| Rates::KEYS.contains(&key.as_str()));
    let of = |key: &str| {
        map.get(key).map(|value| whole(value).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0))
    };
    if !known || Rates::KEYS.iter().any(|key| of(key) == Some(None)) {
        return None;
    }
    let Rates { person, whole } = Rates::of(
        of(per_minute)??,
        of(burst).flatten(),
        of(channel_per_minute).flatten(),
        of(channel_burst).flatten(),
    );
    Some(json!({
        (per_minute): person.per_minute, (burst): person.burst,
        (channel_per_minute): whole.per_minute, (channel_burst): whole.burst,
    }))
}

/// What is wrong in a table of rates.
fn odd_rates(map: &serde_json::Map<String, Value>) -> String {
    match map.iter().find(|(key, _)| !Rates::KEYS.contains(&key.as_str())) {
        Some((key, _)) => {
            let near = nearest(key, Rates::KEYS.iter().copied());
            let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            format!(", not one with {key:?}{hint}")
        }
        None if !map.contains_key(Rates::KEYS[0]) => ", not one without per_minute".into(),
        None => ", with whole numbers from 1".into(),
    }
}

fn either(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || value.as_f64().filter(|f| f.fract() == 0.0 && f.abs() <= EXACT).map(|f| f as i64);
    value.as_i64().or_else(float)
}

fn seconds(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn url(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
}

fn log(text: &str) -> bool {
    let level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word.trim()));
    text.split(',').all(|part| match part.split_once('=') {
        Some((target, word)) => !target.trim().is_empty() && level(word),
        None => level(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_values() {
        let whole = Kind::Integer { min: 1, max: 100 };
        let time = Kind::Seconds { min: 0.0, max: 60.0 };
        for (kind, text, value) in [
            (Kind::Bool, " Yes ", json!(true)),
            (Kind::Bool, "0", json!(false)),
            (whole, "10", json!(10)),
            (time, "0.5", json!(0.5)),
            (time, "2.0", json!(2)),
            (Kind::Names, "A, B,,", json!(["A", "B"])),
            (Kind::Names, "[]", json!([])),
            (Kind::Urls, "http://a:1/v1,https://b", json!(["http://a:1/v1", "https://b"])),
            (Kind::Secret, "env:X", json!("env:X")),
            (Kind::Log, "warn,openpista::llm=TRACE", json!("warn,openpista::llm=TRACE")),
            (Kind::Path, " x", json!(" x")),
            (Kind::Listen, "off", json!(false)),
            (Kind::Listen, "[::1]:4433", json!("[::1]:4433")),
            (Kind::Switches(&["a", "b"]), "b", json!({ "a": false, "b": true })),
            (Kind::Switches(&["a", "b"]), "", json!({ "a": false, "b": false })),
            (Kind::Rates, "off", json!(false)),
            (
                Kind::Rates,
                "20, 5",
                json!({ "per_minute": 20, "burst": 5, "channel_per_minute": 200, "channel_burst": 50 }),
            ),
        ] {
            assert_eq!(kind.parse(text), Ok(value), "{kind:?} {text}");
        }
    }

    #[test]
    fn wrong_values_say_what_is_allowed() {
        let whole = Kind::Integer { min: 1, max: 100 };
        let time = Kind::Seconds { min: 0.0, max: 60.0 };
        for (kind, value, words) in [
            (Kind::Bool, json!("maybe"), "must be true or false, not \"maybe\""),
            (whole, json!(0), "must be a whole number from 1 to 100, not 0"),
            (whole, json!(1.5), "must be a whole number from 1 to 100, not 1.5"),
            (whole, json!(1e300), "a whole number"),
            (whole, json!("10"), "not \"10\""),
            (time, json!(-1), "a number of seconds from 0 to 60, not -1"),
            (Kind::Text, json!("  "), "must be text"),
            (Kind::Text, json!(["a"]), "must be text, not a list"),
            (Kind::Path, json!(""), "must be a path"),
            (Kind::Url, json!("ftp://x"), "must be a URL"),
            (Kind::Url, json!("localhost:8080"), "must be a URL"),
            (Kind::Url, json!("http://"), "must be a URL"),
            (Kind::Urls, json!("http://a"), "must be a list of URLs"),
            (Kind::Urls, json!(["http://a", 1]), "must be a list of URLs"),
            (Kind::Names, json!(["A=1"]), "must be a list of names"),
            (Kind::Choice(&["ask", "auto"]), json!("Ask"), "must be \"ask\" or \"auto\", not \"Ask\""),
            (
                Kind::Switches(&["tests"]),
                json!({ "test": true }),
                "not for \"test\"; did you mean \"tests\"?",
            ),
            (
                Kind::Rates,
                json!({ "per_minut": 1 }),
                "not one with \"per_minut\"; did you mean \"per_minute\"?",
            ),
            (Kind::Rates, json!({ "burst": 1 }), "not one without per_minute"),
            (Kind::Rates, json!({ "per_minute": 0 }), "with whole numbers from 1"),
            (Kind::Rates, json!(true), "must be false, or a table"),
            (Kind::Switches(&["tests"]), json!({ "tests": 1 }), "true or false for \"tests\", not tests = 1"),
            (
                Kind::Listen,
                json!(true),
                "must be an address and a port (\"127.0.0.1:4433\"), or false, not true",
            ),
            (Kind::Listen, json!("localhost"), "not \"localhost\""),
            (Kind::Listen, json!(4433), "not 4433"),
            (Kind::Log, json!("wran"), "not \"wran\""),
            (Kind::Log, json!(""), "not \"\""),
            (Kind::Log, json!("=warn"), "not \"=warn\""),
        ] {
            let problem = kind.check(&value).expect_err(&format!("{kind:?} {value}"));
            assert!(problem.contains(words), "{problem}");
        }
        assert!(time.parse("NaN").is_err() && time.parse("inf").is_err());
    }

    #[test]
    fn lua_forms_are_understood() {
        assert_eq!(Kind::Integer { min: 1, max: 100 }.check(&json!(10.0)), Ok(json!(10)));
        assert_eq!(Kind::Names.check(&json!({})), Ok(json!([])));
    }

    #[test]
    fn what_may_be_secret_is_not_repeated() {
        for kind in [Kind::Secret, Kind::Url] {
            let problem = kind.check(&json!("hunter2 hunter2")).expect_err("refused");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }
}

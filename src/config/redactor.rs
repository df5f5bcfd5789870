//! Takes secrets out of text.

use super::{Environment, encodings, invisible::cleaned, looks_secret};
use crate::domain::secret::{Secret, SecretRef};
use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

/// Values of the environment shorter than this are not taken for secrets.
const LEAST_FOUND: usize = 8;
/// Secrets shorter than this would take half of every text with them.
const LEAST_NAMED: usize = 4;
/// What people write where a server wants some key and takes any.
const PLACEHOLDERS: &[&str] = &[
    "ollama",
    "lm-studio",
    "none",
    "null",
    "empty",
    "dummy",
    "unused",
    "local",
    "test",
    "no-key",
    "sk-no-key-required",
];

/// Knows the secrets, and puts `[secret:NAME]` in their place wherever they turn up: as they are,
/// or in Base64, hex, percent-encoding or JSON. Clones share what they know.
///
/// It knows exact values: a part of a secret, or one that a program has changed, gets through.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    /// Name and value.
    secrets: Vec<(String, Secret)>,
    /// Made of `secrets` when first needed.
    search: Option<Arc<Search>>,
}

/// Finds all forms of all secrets in one pass.
struct Search {
    automaton: AhoCorasick,
    /// What stands in for each pattern.
    labels: Vec<Arc<str>>,
}

impl Redactor {
    /// Knows the values of the variables whose names look secret ([`looks_secret`]), from 8 bytes
    /// on, except paths of existing files.
    pub fn of(environment: &Environment) -> Self {
        let redactor = Self::default();
        for (name, value) in environment.iter().filter(|(name, _)| looks_secret(name)) {
            let Some(value) = value.to_str() else { continue };
            let names_a_file = value.starts_with('/') && Path::new(value).exists();
            // Our own variables may say where a secret is kept instead of holding it.
            let names_a_place = name.starts_with("OPENPISTA_") && value.parse::<SecretRef>().is_ok();
            if value.len() >= LEAST_FOUND && !names_a_file && !names_a_place {
                redactor.add(name, &Secret::new(value));
                // As it is used.
                redactor.add(name, &Secret::new(cleaned(value)));
            }
        }
        redactor
    }

    /// Adds a secret. Values shorter than 4 bytes and usual placeholders (`ollama`, `none`, …) are
    /// not taken: they are no secrets, and common words.
    pub fn add(&self, name: &str, secret: &Secret) {
        let value = secret.expose();
        let placeholder = PLACEHOLDERS.iter().any(|word| word.eq_ignore_ascii_case(value));
        if value.trim().len() < LEAST_NAMED || placeholder {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.secrets.iter().all(|(_, other)| other != secret) {
            known.secrets.push((name.to_owned(), secret.clone()));
            known.search = None;
        }
    }

    /// The text without secrets; borrowed when there were none.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Text stands in for text, so it stays text.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The bytes without secrets; borrowed when there were none.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(search) = self.search() else { return Cow::Borrowed(bytes) };
        let mut out = Vec::new();
        let mut done = 0;
        for found in search.automaton.find_iter(bytes) {
            out.extend_from_slice(&bytes[done..found.start()]);
            out.extend_from_slice(search.labels[found.pattern().as_usize()].as_bytes());
            done = found.end();
        }
        if done == 0 {
            return Cow::Borrowed(bytes);
        }
        out.extend_from_slice(&bytes[done..]);
        Cow::Owned(out)
    }

    /// Takes the secrets out of bytes that come in pieces: removes from the front of `pending` what no
    /// later byte can make part of a secret, and returns it without secrets. `last`: nothing more
    /// comes, so nothing stays.
    pub fn redact_pieces(&self, pending: &mut Vec<u8>, last: bool) -> Vec<u8> {
        let Some(search) = self.search() else { return std::mem::take(pending) };
        // A match that begins before this is known in its full length.
        let sure = match last {
            true => pending.len(),
            false => pending.len().saturating_sub(search.automaton.max_pattern_len().saturating_sub(1)),
        };
        let mut out = Vec::with_capacity(sure);
        let mut done = 0;
        for found in search.automaton.find_iter(&pending[..]).take_while(|found| found.start() < sure) {
            out.extend_from_slice(&pending[done..found.start()]);
            out.extend_from_slice(search.labels[found.pattern().as_usize()].as_bytes());
            done = found.end();
        }
        if done < sure {
            out.extend_from_slice(&pending[done..sure]);
            done = sure;
        }
        pending.drain(..done);
        out
    }

    /// Takes the secrets out of every string of a JSON value, names of fields included.
    pub fn redact_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.redact(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_json(item)),
            Value::Object(map) => {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(name, mut value)| {
                        self.redact_json(&mut value);
                        (self.redact(&name).into_owned(), value)
                    })
                    .collect();
            }
            _ => {}
        }
    }

    /// `None` when nothing is known, or it cannot be searched for.
    fn search(&self) -> Option<Arc<Search>> {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.search.is_some() || known.secrets.is_empty() {
                return known.search.clone();
            }
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.search.is_none() {
            known.search = Some(Arc::new(Search::of(&known.secrets)));
        }
        known.search.clone()
    }
}

impl Search {
    fn of(secrets: &[(String, Secret)]) -> Self {
        let (mut patterns, mut labels) = (Vec::new(), Vec::new());
        for (name, secret) in secrets {
            // Plain letters, so that the label can stand in JSON and on a terminal.
            let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c), "_");
            let label: Arc<str> = format!("[secret:{name}]").into();
            for form in encodings::forms(secret.expose()) {
                patterns.push(form);
                labels.push(label.clone());
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .expect("only more than 2^31 bytes of patterns fail to build, and secrets are at most 64 KiB");
        Self { automaton, labels }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Redactor({} secrets)", known.secrets.len())
    }
}

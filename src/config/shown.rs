//! Settings for a person to read.

use super::{KEYS, Origin, Redactor, Settings, looks_secret};
use crate::domain::diff::SettingChange;
use serde::Serialize;
use serde_json::Value;

/// A setting as shown: no secret in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Its name.
    pub key: &'static str,
    /// Its value; of a secret, where it is kept; `null` when there is none.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Settings {
    /// All settings in the order of [`KEYS`], without what `redactor` knows and without user names
    /// and passwords in URLs.
    pub fn describe(&self, redactor: &Redactor) -> Vec<Shown> {
        KEYS.iter()
            .filter_map(|key| {
                let (value, origin) = self.sources.get(key.name)?;
                Some(Shown { key: key.name, value: shown(value, redactor), origin: origin.clone() })
            })
            .collect()
    }

    /// The settings whose values are other ones in `newer`, as shown to a person. Where a value came
    /// from does not count.
    pub fn changes(&self, newer: &Self, redactor: &Redactor) -> Vec<SettingChange> {
        let change = |(key, (old, _)): (&&'static str, &(Value, Origin))| {
            let (new, _) = newer.sources.get(key)?;
            let (shown_old, shown_new) = (shown(old, redactor), shown(new, redactor));
            (old != new).then(|| SettingChange { key: (*key).into(), old: shown_old, new: shown_new })
        };
        self.sources.iter().filter_map(change).collect()
    }
}

fn shown(value: &Value, redactor: &Redactor) -> Value {
    let mut value = value.clone();
    hide_logins(&mut value);
    redactor.redact_json(&mut value);
    value
}

fn hide_logins(value: &mut Value) {
    match value {
        Value::String(text) => {
            let Some((scheme, rest)) = text.split_once("://") else { return };
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            let login = authority.rsplit_once('@').map_or(0, |(login, _)| login.len());
            let hidden = if login > 0 { "[hidden]" } else { "" };
            *text = format!("{scheme}://{hidden}{}", without_keys(&rest[login..]));
        }
        Value::Array(items) => items.iter_mut().for_each(hide_logins),
        _ => {}
    }
}

/// An address whose query has no values of parameters with names like `key` or `token`.
fn without_keys(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if looks_secret(&name.replace('-', "_")) || ["sig", "code"].contains(&name) => {
            format!("{name}=[hidden]")
        }
        _ => pair.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// The settings as lines `key = value`, in columns; with where each came from if `origins`.
pub fn table(shown: &[Shown], origins: bool) -> String {
    let rows: Vec<_> = shown.iter().map(|s| (s.key, text(&s.value), s.origin.to_string())).collect();
    let widest = |column: fn(&(&str, String, String)) -> usize, limit| {
        rows.iter().map(column).filter(|width| *width <= limit).max().unwrap_or(0)
    };
    let keys = widest(|row| row.0.len(), usize::MAX);
    let values = widest(|row| row.1.chars().count(), 48);
    rows.iter()
        .map(|(key, value, origin)| match origins {
            true => format!("{key:keys$} = {value:values$}  # {origin}\n"),
            false => format!("{key:keys$} = {value}\n"),
        })
        .collect()
}

fn text(value: &Value) -> String {
    if value.is_null() { "(none)".into() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn logins_in_urls_are_hidden() {
        let mut value = json!([
            "http://me:pw@host/v1",
            "https://host/a@b",
            "no url",
            "http://a@b@host",
            "http://h/v1?api-version=1&api-key=x"
        ]);
        hide_logins(&mut value);
        assert_eq!(
            value,
            json!([
                "http://[hidden]@host/v1",
                "https://host/a@b",
                "no url",
                "http://[hidden]@host",
                "http://h/v1?api-version=1&api-key=[hidden]"
            ])
        );
    }
}

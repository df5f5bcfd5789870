//! Values of front matter as people write them: words for a list, words for a switch, times.

use super::yaml::Entry;
use serde_json::Value;
use std::time::Duration;

/// The value as one line of text; empty where it is none.
pub(super) fn text(entry: &Entry) -> String {
    let text = match &entry.value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(_) => entry.raw.clone(),
        other => words(other).map_or_else(|| other.to_string(), |words| words.join(", ")),
    };
    one_line(&text)
}

/// Text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A list, or words on one line; a map of switches is the list of those that are on. `None`: neither.
pub(super) fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(vec![]),
        Value::String(line) => {
            Some(line.split([',', ' ', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
        }
        Value::Array(items) => items.iter().map(word).collect(),
        Value::Object(map) if map.values().all(Value::is_boolean) => Some(
            map.iter().filter(|(_, on)| **on == Value::Bool(true)).map(|(name, _)| name.clone()).collect(),
        ),
        _ => None,
    }
}

/// One item of a list: a word, or a map that names one.
fn word(item: &Value) -> Option<String> {
    match item {
        Value::String(word) => Some(word.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => map.get("name").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

/// Whether a switch is on; `None`: the value is no switch.
pub(super) fn switch(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "1" => Some(true),
            "false" | "no" | "off" | "n" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A time: seconds as a number, or `30s`, `1m30s`, `500 ms`, `2 minutes`, `PT30S`. `None`: it is none.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    let text = match value {
        Value::Number(seconds) => return Duration::try_from_secs_f64(seconds.as_f64()?).ok(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => return None,
    };
    if let Ok(seconds) = text.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut rest = text.strip_prefix("pt").unwrap_or(&text);
    let mut whole = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let part = Duration::try_from_secs_f64(number * seconds_of(&rest[..letters])?).ok()?;
        whole = whole.checked_add(part)?;
        rest = rest[letters..].trim_start_matches([' ', ',']);
    }
    (!text.is_empty()).then_some(whole)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (given, ms) in [
            (json!(30), 30_000),
            (json!(2.5), 2_500),
            (json!("30"), 30_000),
            (json!("30s"), 30_000),
            (json!("1m30s"), 90_000),
            (json!("1h 5m"), 3_900_000),
            (json!("500 ms"), 500),
            (json!("2 minutes"), 120_000),
            (json!("PT45S"), 45_000),
            (json!("1.5 min"), 90_000),
        ] {
            assert_eq!(duration(&given), Some(Duration::from_millis(ms)), "{given}");
        }
        for none in
            [json!("soon"), json!(""), json!("30 parsecs"), json!(-1), json!([]), json!("s"), json!("-5s")]
        {
            assert_eq!(duration(&none), None, "{none}");
        }
    }
}

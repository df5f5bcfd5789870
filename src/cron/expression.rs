//! Cron expressions, and the local times that they mean.

use super::{
    days::never,
    field::{DAY, Field, KINDS, WEEKDAY},
    interval::interval,
};
use crate::domain::nearest::nearest;
use chrono::NaiveDateTime;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};

/// The words that stand for an expression.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];
/// A cron expression: which local times, without any zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    cron: Cron,
    /// It goes on through the day: the seconds, minutes or hours begin with `*`.
    star: bool,
}

impl Expression {
    /// Reads an expression of 5 fields, of 6 (seconds first), or a word such as `@daily`.
    ///
    /// # Errors
    /// A sentence that names the field and says what it may be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expression = if text.starts_with('@') { word(text)? } else { text };
        let mut parts: Vec<_> = expression.split_whitespace().collect();
        match parts.len() {
            5 => parts.insert(0, "0"),
            6 => {}
            n => {
                return Err(format!(
                    "{text:?} has {n} field{}; there are 5 (minute, hour, day of the month, month, day of the week), \
                     or 6 with the second before them{}",
                    if n == 1 { "" } else { "s" },
                    meant(text)
                ));
            }
        }
        let mut fields = Vec::with_capacity(KINDS.len());
        for (kind, part) in KINDS.iter().zip(&parts) {
            fields.push(kind.parse(part).map_err(|reason| format!("{text:?}: {reason}"))?);
        }
        if never(&fields, both(&fields)) {
            return Err(format!("{text:?} never comes: {}", why_never(&parts)));
        }
        let listed: Vec<_> = KINDS.iter().zip(&fields).map(|(kind, field)| field.listed(kind)).collect();
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .dom_and_dow(both(&fields))
            .build()
            .parse(&listed.join(" "))
            .map_err(|error| format!("{text:?}: {error}"))?;
        Ok(Self { cron, star: fields[..DAY].iter().any(|field| field.star) })
    }

    /// Whether it goes on through the day, so that an hour that comes twice is gone through twice.
    pub(super) fn goes_on(&self) -> bool {
        self.star
    }

    /// The first local time after `local`, or at it, that it means.
    pub(super) fn next_local(&self, local: NaiveDateTime, inclusive: bool) -> Option<NaiveDateTime> {
        // Searched in UTC, where every time comes once: zones are not the library's affair.
        self.cron.find_next_occurrence(&local.and_utc(), inclusive).ok().map(|found| found.naive_utc())
    }
}

/// What somebody meant who wrote no expression.
fn meant(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.strip_prefix("every ").unwrap_or(&lower).trim();
    let time = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then(|| format!("; {text} each day is at = \"{minute} {hour} * * *\""))
    };
    let named = || WORDS.iter().find(|(word, _)| word[1..] == *words);
    if interval(words).is_ok() {
        return format!("; again and again is every = {words:?}, in the place of at");
    }
    time(words).or_else(|| named().map(|(word, _)| format!("; did you mean {word:?}?"))).unwrap_or_default()
}

/// Why no day is meant.
fn why_never(parts: &[&str]) -> String {
    let (day, month, weekday) = (parts[DAY], parts[DAY + 1], parts[WEEKDAY]);
    if have_to_fit_both(day, weekday) {
        return format!(
            "a day has to fit both {day:?} and {weekday:?}, since one of them begins with *, and none does; leave the \
             * away where one of them is enough"
        );
    }
    let wish = if month == "*" {
        "no month has such a day".to_owned()
    } else {
        format!("no month of {month:?} has a day {day:?}")
    };
    format!("{wish}; L is the last day of each month")
}

/// Whether both fields say something of the day.
fn have_to_fit_both(day: &str, weekday: &str) -> bool {
    let all = |field: &str| matches!(field, "*" | "?");
    !all(day) && !all(weekday)
}

fn word(text: &str) -> Result<&'static str, String> {
    let begin = text.split_once(char::is_whitespace);
    if let Some((word, rest)) = begin
        && word.eq_ignore_ascii_case("@every")
    {
        return Err(match interval(rest) {
            Ok(_) => format!("write every = {:?} in the place of at = {text:?}", rest.trim()),
            Err(reason) => format!("{text:?} is written every = …, in the place of at, and {reason}"),
        });
    }
    if text.eq_ignore_ascii_case("@reboot") {
        let remedy = "let the service manager, or the line that starts openpista, do what is to happen once";
        return Err(format!("there is no {text:?}: {remedy}"));
    }
    let found = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, expression)| *expression).ok_or_else(|| {
        let known = WORDS.iter().map(|(word, _)| *word);
        let hint = match nearest(text, known.clone()) {
            Some(word) => format!("did you mean {word:?}?"),
            None => format!("there is {}", known.collect::<Vec<_>>().join(", ")),
        };
        format!("there is no {text:?} ({hint})")
    })
}

/// Whether a day has to fit both its fields. As in every cron: where neither begins with `*`, one
/// that fits is enough.
fn both(fields: &[Field]) -> bool {
    fields[DAY].star || fields[WEEKDAY].star
}

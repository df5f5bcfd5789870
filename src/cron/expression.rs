//! Cron expressions, and the local times that they mean.

use super::field::{DAY, Field, KINDS, WEEKDAY};
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
/// The days that each month can have.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

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
                     or 6 with the second before them",
                    if n == 1 { "" } else { "s" }
                ));
            }
        }
        let mut fields = Vec::with_capacity(KINDS.len());
        for (kind, part) in KINDS.iter().zip(&parts) {
            fields.push(kind.parse(part).map_err(|reason| format!("{text:?}: {reason}"))?);
        }
        if never(&fields) {
            return Err(format!("{text:?} never comes: none of its months has such a day"));
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

fn word(text: &str) -> Result<&'static str, String> {
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

/// Whether no month has the day.
fn never(fields: &[Field]) -> bool {
    let days = &fields[DAY];
    let (months, weekdays) = (&fields[DAY + 1], &fields[WEEKDAY]);
    let has = |month: u32, day: u32| months.values & (1 << month) != 0 && days.values & (1 << day) != 0;
    days.special.is_empty()
        && weekdays.star
        && !(1..=12).any(|month| (1..=DAYS[month as usize - 1]).any(|day| has(month, day)))
}

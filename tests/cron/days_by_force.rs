//! The days that expressions mean, against a search that looks at every day: also those of which there
//! is none.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use openpista::cron::{Expression, Timing};

const CASES: usize = 20_000;

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

fn last(day: NaiveDate) -> u32 {
    (28..=31).rev().find(|last| day.with_day(*last).is_some()).unwrap()
}

/// Whether a day fits one part of the field of days, as the manual of crontabs has it.
fn fits_day(part: &str, day: NaiveDate) -> bool {
    if part == "L" {
        return day.day() == last(day);
    }
    if let Some(near) = part.strip_suffix('W') {
        let Some(wanted) = day.with_day(near.parse().unwrap()) else { return false };
        // The nearest from Monday to Friday within the month.
        let working = |day: &NaiveDate| day.weekday().num_days_from_monday() < 5;
        let around = [0, -1, 1, -2, 2].into_iter().map(|days| wanted + Duration::days(days));
        return around.into_iter().find(|near| working(near) && near.month() == wanted.month()) == Some(day);
    }
    match part.strip_prefix("*/") {
        Some(step) => (day.day() - 1).is_multiple_of(step.parse().unwrap()),
        None => part == "*" || part.parse() == Ok(day.day()),
    }
}

fn fits_weekday(part: &str, day: NaiveDate) -> bool {
    let weekday = day.weekday().num_days_from_sunday();
    if let Some((wanted, nth)) = part.split_once('#') {
        return wanted.parse() == Ok(weekday) && nth.parse() == Ok((day.day() - 1) / 7 + 1);
    }
    if let Some(wanted) = part.strip_suffix('L') {
        return wanted.parse() == Ok(weekday) && day.day() + 7 > last(day);
    }
    match part.strip_prefix("*/") {
        Some(step) => weekday.is_multiple_of(step.parse().unwrap()),
        None => part == "*" || part.parse() == Ok(weekday),
    }
}

fn fits(days: &str, months: &str, weekdays: &str, day: NaiveDate) -> bool {
    let on_day = days.split(',').any(|part| fits_day(part, day));
    let on_weekday = weekdays.split(',').any(|part| fits_weekday(part, day));
    let both = days.starts_with('*') || weekdays.starts_with('*');
    (months == "*" || months.split(',').any(|month| month.parse() == Ok(day.month())))
        && if both { on_day && on_weekday } else { on_day || on_weekday }
}

#[test]
fn days_are_those_that_a_look_at_every_day_finds() {
    let days = [
        "*", "1", "13", "29", "30", "31", "L", "1W", "15W", "29W", "30W", "31W", "1,L", "15W,31", "*/2",
        "*/30", "*/31",
    ];
    let months = ["*", "2", "4", "2,4", "2,3", "11", "12"];
    let weekdays = ["*", "0", "5", "1#1", "5#2", "0#5", "5L", "0L", "1,3", "5#2,5L", "*/2", "*/7"];
    let seed = Utc::now().timestamp() as u64;
    let mut chance = Chance(seed);
    let (mut due, mut never) = (0, 0);
    for _ in 0..CASES {
        let (day, month, weekday) = (chance.one(&days), chance.one(&months), chance.one(&weekdays));
        let text = format!("0 0 {day} {month} {weekday}");
        let begin =
            NaiveDate::from_ymd_opt(1999, 12, 31).unwrap() + Duration::days(chance.below(9_000) as i64);
        // The calendar comes round in 28 years; 40 have a year that is no leap year in their middle, too.
        let found =
            (1..=40 * 366).map(|days| begin + Duration::days(days)).find(|at| fits(day, month, weekday, *at));
        match (Expression::parse(&text), found) {
            (Ok(expression), Some(found)) => {
                let timing = Timing::Cron(Box::new(expression), Tz::UTC.into());
                let next =
                    timing.next_after(begin.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis());
                let next = DateTime::from_timestamp_millis(next).unwrap().date_naive();
                assert_eq!(next, found, "{text:?} after {begin}, seed {seed}");
                due += 1;
            }
            (Err(said), None) => {
                assert!(said.contains("never comes"), "{text:?}: {said}");
                never += 1;
            }
            (Ok(_), None) => panic!("{text:?} is accepted, and never comes"),
            (Err(said), Some(at)) => panic!("{text:?} comes on {at}, and is refused: {said}"),
        }
    }
    assert!(due > CASES / 2 && never > 50, "{due} are due, {never} never");
}

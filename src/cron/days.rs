//! Whether a day is one that the day fields of an expression mean.

use super::field::{DAY, Field, WEEKDAY};

/// The days of each month, in a year that is no leap year.
const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A day of a calendar.
#[derive(Clone, Copy)]
struct Day {
    month: u32,
    /// From 1.
    day: u32,
    /// The last day of its month.
    last: u32,
    /// 0 is Sunday.
    weekday: u32,
}

/// Whether no day of any year is meant: the 31st of April, the second Monday that is the first of a month.
pub(super) fn never(fields: &[Field], both: bool) -> bool {
    // Every year is one of these fourteen.
    let years = [false, true].into_iter().flat_map(|leap| (0..7).map(move |first| (leap, first)));
    !years.flat_map(|(leap, first)| days(leap, first)).any(|day| {
        let on_day = is_day(&fields[DAY], day);
        let on_weekday = is_weekday(&fields[WEEKDAY], day);
        let fits = if both { on_day && on_weekday } else { on_day || on_weekday };
        fits && fields[DAY + 1].values & (1 << day.month) != 0
    })
}

/// All days of a year that begins on the weekday `first`.
fn days(leap: bool, first: u32) -> impl Iterator<Item = Day> {
    let mut weekday = first;
    (1..=12_u32).flat_map(move |month| {
        let last = DAYS[month as usize - 1] + u32::from(leap && month == 2);
        let begin = weekday;
        weekday = (weekday + last) % 7;
        (1..=last).map(move |day| Day { month, day, last, weekday: (begin + day - 1) % 7 })
    })
}

fn is_day(field: &Field, day: Day) -> bool {
    let special = |text: &String| match text.strip_suffix('W').map(str::parse) {
        Some(Ok(near)) => day.day == working_day(near, day),
        Some(Err(_)) => false,
        None => day.day == day.last,
    };
    field.values & (1 << day.day) != 0 || field.special.iter().any(special)
}

/// The working day that is nearest to the day `near` in the month of `day`; 0 where it has no such day.
fn working_day(near: u32, day: Day) -> u32 {
    if near > day.last {
        return 0;
    }
    match (day.weekday + 35 + near - day.day) % 7 {
        6 if near == 1 => 3,
        6 => near - 1,
        0 if near == day.last => near - 2,
        0 => near + 1,
        _ => near,
    }
}

fn is_weekday(field: &Field, day: Day) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    let special = |text: &String| match text.split_once('#') {
        Some((weekday, nth)) => {
            number(weekday) == Some(day.weekday) && number(nth) == Some((day.day - 1) / 7 + 1)
        }
        None => text.strip_suffix('L').and_then(number) == Some(day.weekday) && day.day + 7 > day.last,
    };
    field.values & (1 << day.weekday) != 0 || field.special.iter().any(special)
}

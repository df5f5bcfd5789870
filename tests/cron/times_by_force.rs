//! The times that are computed, against a search that looks at every minute.

use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use openpista::cron::{Expression, Timing};

const CASES: usize = 10_000;
/// How far ahead every minute is looked at.
const MINUTES: i64 = 36 * 60;
/// Zones with all kinds of changes: whole hours, half an hour, at midnight, none, twice in a month.
const ZONES: [Tz; 14] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Sao_Paulo,
    Tz::Africa__Casablanca,
    Tz::Asia__Tehran,
    Tz::America__St_Johns,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
    Tz::Asia__Gaza,
    Tz::America__Havana,
    Tz::Antarctica__Troll,
    Tz::Asia__Seoul,
    Tz::UTC,
];

/// A field as text, and what it means.
struct Field {
    text: String,
    values: Vec<u32>,
    star: bool,
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn field(&mut self, min: u32, max: u32, stars: u64) -> Field {
        let span = u64::from(max - min + 1);
        let pick = |chance: &mut Self| min + chance.below(span) as u32;
        if self.below(10) < stars {
            return Field { text: "*".into(), values: (min..=max).collect(), star: true };
        }
        match self.below(4) {
            0 => {
                let step = 1 + self.below(span / 2) as usize;
                Field { text: format!("*/{step}"), values: (min..=max).step_by(step).collect(), star: true }
            }
            1 => {
                let (a, b) = (pick(self), pick(self));
                let (a, b) = (a.min(b), a.max(b));
                Field { text: format!("{a}-{b}"), values: (a..=b).collect(), star: false }
            }
            2 => {
                let (a, b) = (pick(self), pick(self));
                Field { text: format!("{a},{b}"), values: vec![a, b], star: false }
            }
            _ => {
                let a = pick(self);
                Field { text: a.to_string(), values: vec![a], star: false }
            }
        }
    }
}

/// What an expression means, without any of the engine's code.
struct Meaning {
    /// Minute, hour, day, month, day of the week.
    fields: [Field; 5],
}

impl Meaning {
    fn text(&self) -> String {
        self.fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// `local` is the local time as if it were UTC.
    fn fits(&self, local: i64) -> bool {
        let at = DateTime::from_timestamp(local, 0).unwrap();
        let [minute, hour, day, month, weekday] = &self.fields;
        let on_day = day.values.contains(&at.day());
        let on_weekday = weekday.values.contains(&at.weekday().num_days_from_sunday());
        let days = if day.star || weekday.star { on_day && on_weekday } else { on_day || on_weekday };
        minute.values.contains(&at.minute())
            && hour.values.contains(&at.hour())
            && month.values.contains(&at.month())
            && days
    }

    fn goes_on(&self) -> bool {
        self.fields[0].star || self.fields[1].star
    }
}

fn ahead(zone: Tz, at: i64) -> i64 {
    let utc = Utc.timestamp_opt(at, 0).unwrap().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// Whether the minute that begins at `at` is one at which the job is due.
fn due(meaning: &Meaning, zone: Tz, at: i64, before: &mut i64) -> bool {
    let local = at + ahead(zone, at);
    let before = std::mem::replace(before, local);
    // Minutes that clocks jumped over count for the first one after them.
    if (before + 60..local).step_by(60).any(|left_out| meaning.fits(left_out)) {
        return true;
    }
    // Shown before, up to three hours earlier.
    let again = || {
        (1..=180).any(|minutes| {
            let earlier = at - minutes * 60;
            earlier + ahead(zone, earlier) == local
        })
    };
    meaning.fits(local) && (meaning.goes_on() || !again())
}

/// A time near one at which the zone's clocks are changed, half of the times.
fn instant(chance: &mut Chance, zone: Tz) -> i64 {
    let from_1995 = 788_918_400;
    let mut at = from_1995 + chance.below(42 * 366 * 86_400) as i64;
    if chance.below(2) == 0 {
        let start = ahead(zone, at);
        if let Some(day) = (0..400).find(|day| ahead(zone, at + day * 86_400) != start) {
            at += day * 86_400 - chance.below(172_800) as i64;
        }
    }
    at
}

#[test]
fn next_times_are_those_that_a_look_at_every_minute_finds() {
    let seed = Utc::now().timestamp() as u64;
    let mut chance = Chance(seed);
    let (mut found, mut near) = (0, 0);
    for _ in 0..CASES {
        let zone = ZONES[chance.below(ZONES.len() as u64) as usize];
        let meaning = Meaning {
            fields: [
                chance.field(0, 59, 1),
                chance.field(0, 23, 3),
                chance.field(1, 31, 8),
                chance.field(1, 12, 9),
                chance.field(0, 6, 7),
            ],
        };
        let text = meaning.text();
        let Ok(expression) = Expression::parse(&text) else {
            // Such as the 31st of November.
            continue;
        };
        let after = instant(&mut chance, zone);
        let next = Timing::Cron(Box::new(expression), zone.into()).next_after(after * 1_000) / 1_000;
        let context = format!("{text:?} in {zone} after {after}, seed {seed}");
        assert!(next > after, "{context}: {next}");
        let first = after - after.rem_euclid(60) + 60;
        near += usize::from(ahead(zone, first) != ahead(zone, first + MINUTES * 60));
        let mut before = first - 60 + ahead(zone, first - 60);
        let by_force = (0..MINUTES).map(|n| first + n * 60).find(|at| due(&meaning, zone, *at, &mut before));
        match by_force {
            Some(at) => assert_eq!(next, at, "{context}"),
            None => assert!(next >= first + MINUTES * 60, "{context}: {next} is none"),
        }
        found += usize::from(by_force.is_some());
    }
    // Else it would say little.
    assert!(found > CASES / 4 && near > CASES / 10, "{found} found, {near} near a change");
}

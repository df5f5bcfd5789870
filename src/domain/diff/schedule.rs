//! Jobs, and when they run.

use super::parts::{changed, named, same};
use crate::domain::plan::{CronSpec, CronWork, Schedule};
use std::{collections::BTreeMap, time::Duration};

pub(super) fn jobs(
    old: &BTreeMap<String, CronSpec>,
    new: &BTreeMap<String, CronSpec>,
    out: &mut Vec<String>,
) {
    named("cron ", old, new, out, |what, old, new, out| {
        if old.schedule != new.schedule {
            let (before, now) = times(&old.schedule, &new.schedule);
            out.push(format!("{what} {before} → {now}"));
        }
        if old.tz != new.tz {
            let zone = |tz: &Option<String>| tz.clone().unwrap_or_else(|| "local time".into());
            out.push(format!("{what}: {} → {}", zone(&old.tz), zone(&new.tz)));
        }
        let parts = [
            ("work", !same_work(&old.work, &new.work)),
            ("to", old.to != new.to),
            ("missed", old.missed != new.missed),
            ("overlap", old.overlap != new.overlap),
            ("timeout", old.timeout != new.timeout),
        ];
        changed(what, &parts, out);
    });
}

fn same_work(old: &CronWork, new: &CronWork) -> bool {
    match (old, new) {
        (CronWork::Handler(old), CronWork::Handler(new)) => same(*old, *new),
        (old, new) => old == new,
    }
}

/// Two schedules side by side. Where only the time of day differs, only that is shown.
fn times(old: &Schedule, new: &Schedule) -> (String, String) {
    if let (Some((before, days)), Some((now, other))) = (time_of_day(old), time_of_day(new))
        && days == other
    {
        return (before, now);
    }
    (shown(old), shown(new))
}

/// `07:00` and the rest of the expression, of `0 7 …`.
fn time_of_day(schedule: &Schedule) -> Option<(String, String)> {
    let Schedule::Cron(expression) = schedule else { return None };
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let [minute, hour, days @ ..] = &fields[..] else { return None };
    let number = |field: &str, limit: u8| field.parse::<u8>().ok().filter(|n| *n < limit);
    let (minute, hour) = (number(minute, 60)?, number(hour, 24)?);
    (days.len() == 3).then(|| (format!("{hour:02}:{minute:02}"), days.join(" ")))
}

fn shown(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Cron(expression) => format!("{expression:?}"),
        Schedule::Every(time) => format!("every {}", span(*time)),
    }
}

fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        _ if time.subsec_nanos() > 0 || seconds == 0 => format!("{time:?}"),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

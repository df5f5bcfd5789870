//! `pista.time`: clocks, dates and zones.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{State, caller, misuse},
    },
    Api,
    arguments::{optional, options, text},
};
use crate::cron::{Zone, zone_now};
use chrono::{
    DateTime, NaiveDateTime, Timelike, Utc,
    format::{Item, Parsed, StrftimeItems},
};
use mlua::{Lua, Value};
use std::{
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

const ISO: &str = "pista.time.iso";
const FORMAT: &str = "pista.time.format";
const PARSE: &str = "pista.time.parse";

/// Characters of a form, at most.
const MAX_FORM: usize = 256;
/// What is tried on a text without a form and without a zone in it.
const FORMS: [&str; 5] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"];

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("now", |lua, ()| Ok(now(lua)))?;
    api.add("monotonic", |_, ()| {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        Ok(BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64())
    })?;
    api.add("iso", |lua, (time, zone): (Value, Value)| {
        let (time, zone) = (moment(lua, ISO, &time)?, zone_of(lua, ISO, &zone, || Zone::UTC)?);
        Ok(match zone {
            Zone::UTC => time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            zone => {
                let there = time.with_timezone(&zone.offset(time.timestamp()));
                there.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
            }
        })
    })?;
    api.add("format", |lua, (form, time, zone): (Value, Value, Value)| {
        let form = text(lua, FORMAT, "the form", &form)?;
        let items = items(lua, FORMAT, &form)?;
        let (time, zone) = (moment(lua, FORMAT, &time)?, zone_of(lua, FORMAT, &zone, here)?);
        Ok(match zone {
            Zone::Named(zone) => time.with_timezone(&zone).format_with_items(items.iter()).to_string(),
            zone => {
                time.with_timezone(&zone.offset(time.timestamp())).format_with_items(items.iter()).to_string()
            }
        })
    })?;
    api.add("parse", |lua, (given, settings): (Value, Value)| {
        let given = text(lua, PARSE, "the text", &given)?;
        let fields = options(lua, PARSE, &settings, &["format", "zone"])?;
        let zone = fields.value("zone")?;
        let zone = zone_of(lua, PARSE, &zone, here)?;
        let form = fields.text("format")?;
        if let Some(form) = &form {
            items(lua, PARSE, form)?;
        }
        match read(given.trim(), form.as_deref(), &zone) {
            Some(time) => Ok(seconds(&time)),
            None => {
                let message = format!(
                    "{PARSE}: {given:?} is no time{}",
                    form.map_or_else(
                        || ", such as \"2026-11-23T08:00:00+09:00\" or \"2026-11-23 08:00\"".into(),
                        |form| format!(" of the form {form:?}")
                    )
                );
                let mut error = misuse(caller(lua), message);
                error.kind = super::super::errors::ErrorKind::Runtime;
                Err(error)
            }
        }
    })
}

/// The time now, or what a spec says it is.
fn now(lua: &Lua) -> f64 {
    let real = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    State::of(lua).clock.get().unwrap_or_else(real)
}

fn seconds(time: &DateTime<Utc>) -> f64 {
    time.timestamp() as f64 + f64::from(time.timestamp_subsec_nanos()) / 1e9
}

/// Seconds since 1970, or now.
fn moment(lua: &Lua, what: &str, value: &Value) -> Result<DateTime<Utc>, ScriptError> {
    let fail = |message: String| misuse(caller(lua), format!("{what}: {message}"));
    let seconds = match value {
        Value::Nil => now(lua),
        Value::Integer(seconds) => *seconds as f64,
        Value::Number(seconds) => *seconds,
        other => return Err(fail(format!("the time is seconds since 1970, not {}", article(other)))),
    };
    let whole = seconds.floor();
    let nanos = ((seconds - whole) * 1e9) as u32;
    // A float beyond the range becomes the end of it, which no date is.
    DateTime::from_timestamp(whole as i64, nanos.min(999_999_999))
        .filter(|_| seconds.is_finite())
        .ok_or_else(|| fail(format!("{seconds} s since 1970 is no time that has a date")))
}

/// The zone of this machine.
fn here() -> Zone {
    zone_now(std::env::var_os("TZ").as_deref()).zone
}

fn zone_of(lua: &Lua, what: &str, value: &Value, usual: fn() -> Zone) -> Result<Zone, ScriptError> {
    match optional(lua, what, "the zone", value)?.as_deref() {
        None => Ok(usual()),
        Some("local") => Ok(here()),
        Some(name) => name.parse().map(Zone::Named).map_err(|_| {
            let message = format!(
                "{what}: there is no zone {name:?}; write it like \"Asia/Seoul\", \"UTC\" or \"local\""
            );
            misuse(caller(lua), message)
        }),
    }
}

/// The parts of a form, all of them known.
fn items<'f>(lua: &Lua, what: &str, form: &'f str) -> Result<Vec<Item<'f>>, ScriptError> {
    let items: Vec<Item> = StrftimeItems::new(form).collect();
    if form.len() > MAX_FORM || items.contains(&Item::Error) {
        let message = format!("{what}: the form {form:?} has a part that is not known, or is too long");
        return Err(misuse(caller(lua), message));
    }
    Ok(items)
}

fn read(text: &str, form: Option<&str>, zone: &Zone) -> Option<DateTime<Utc>> {
    if let Some(form) = form {
        return in_form(text, form, zone);
    }
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .map(|time| time.to_utc())
        .ok()
        .or_else(|| FORMS.iter().find_map(|form| in_form(text, form, zone)))
}

/// What the text leaves open of the time of day is zero; a zone in it goes before `zone`.
fn in_form(text: &str, form: &str, zone: &Zone) -> Option<DateTime<Utc>> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, StrftimeItems::new(form)).ok()?;
    if parsed.timestamp().is_none() {
        if parsed.hour_mod_12().is_none() {
            parsed.set_hour(0).ok()?;
        }
        if parsed.minute().is_none() {
            parsed.set_minute(0).ok()?;
        }
    }
    if parsed.offset().is_some() {
        return parsed.to_datetime().map(|time| time.to_utc()).ok();
    }
    let time = parsed.to_naive_datetime_with_offset(0).ok()?;
    match parsed.timestamp() {
        Some(_) => Some(time.and_utc()),
        None => within(time, zone),
    }
}

/// The moment at which the clocks of the zone show this: the first one, where they do twice.
fn within(time: NaiveDateTime, zone: &Zone) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(zone.earliest(time)?, 0)?.checked_add_signed(time - time.with_nanosecond(0)?)
}

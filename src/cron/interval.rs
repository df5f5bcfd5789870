//! Intervals as people write them.

use std::time::Duration;

/// The shortest interval of a job.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The longest interval of a job.
pub const LONGEST: Duration = Duration::from_secs(366 * 86_400);

const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads the interval of a job: `"90s"`, `"10m"`, `"1h30m"`, `"2d"`.
///
/// # Errors
/// A sentence that says how to write it.
pub fn interval(text: &str) -> Result<Duration, String> {
    within(time(text)?)
}

/// Reads a time of any length, written in the same way.
///
/// # Errors
/// A sentence that says how to write it.
pub fn time(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("{text:?} is no interval: write \"90s\", \"10m\", \"1h30m\", \"2d\" or a number of seconds")
    };
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = rest[digits..].trim_start();
        let (unit, each) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(wrong)?;
        rest = rest[unit.len()..].trim_start();
        seconds = number.checked_mul(*each).and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
    }
    Ok(Duration::from_secs(seconds))
}

/// Checks an interval's length.
///
/// # Errors
/// A sentence with the bounds.
pub fn within(interval: Duration) -> Result<Duration, String> {
    if (SHORTEST..=LONGEST).contains(&interval) && interval.subsec_nanos() == 0 {
        return Ok(interval);
    }
    Err(format!(
        "an interval is a whole number of seconds from {} to {} (366 days)",
        SHORTEST.as_secs(),
        LONGEST.as_secs()
    ))
}

/// An interval for a person to read, the way it is written.
pub fn written(interval: Duration) -> String {
    let mut seconds = interval.as_secs();
    let mut out = String::new();
    for (unit, each) in UNITS.into_iter().filter(|(unit, _)| *unit != "w") {
        if seconds >= each {
            out.push_str(&format!("{}{unit}", seconds / each));
            seconds %= each;
        }
    }
    out
}

//! How long a server asks to wait.

use http::HeaderMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads `retry-after-ms` and `retry-after` (seconds, or a date counted from `now`).
pub(super) fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text("retry-after-ms").and_then(|t| t.parse::<f64>().ok()).map(|ms| ms / 1000.0);
    if let Some(wait) = millis.and_then(seconds) {
        return Some(wait);
    }
    let text = text("retry-after")?;
    match text.parse::<f64>() {
        Ok(number) => seconds(number),
        Err(_) => {
            let then = UNIX_EPOCH + Duration::from_secs(http_date(text)?);
            Some(then.duration_since(now).unwrap_or(Duration::ZERO))
        }
    }
}

/// Reads a delay such as `"12s"` or `"0.5s"`.
pub(super) fn from_text(text: &str) -> Option<Duration> {
    seconds(text.strip_suffix('s')?.parse().ok()?)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the form that HTTP prescribes.
fn http_date(text: &str) -> Option<u64> {
    let mut words = text.split_once(',')?.1.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    if !(1970..10_000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    u64::try_from(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second).ok()
}

/// Days since 1970-01-01, counting years from March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &str, now: u64) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        from_headers(&headers, UNIX_EPOCH + Duration::from_secs(now))
    }

    #[test]
    fn all_forms() {
        assert_eq!(read("retry-after", "20", 0), Some(Duration::from_secs(20)));
        assert_eq!(read("retry-after", "0.25", 0), Some(Duration::from_millis(250)));
        assert_eq!(read("retry-after-ms", "1500", 0), Some(Duration::from_millis(1500)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(read("retry-after", date, 784_111_767), Some(Duration::from_secs(10)));
        assert_eq!(read("retry-after", date, 900_000_000), Some(Duration::ZERO));
        assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(from_text("12s"), Some(Duration::from_secs(12)));
    }

    #[test]
    fn nonsense_is_no_wait() {
        for value in ["", "soon", "-1", "NaN", "inf", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06"] {
            assert_eq!(read("retry-after", value, 0), None, "{value:?}");
        }
    }
}

//! When jobs are due, across changes of the clocks and of the calendar.

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use openpista::cron::{Expression, Timing};

/// The next times after an instant, in local time with the offset.
fn next(expression: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    let timing = Timing::Cron(Box::new(Expression::parse(expression).unwrap()), zone.into());
    let mut at = DateTime::parse_from_rfc3339(after).unwrap().timestamp_millis();
    (0..count)
        .map(|_| {
            at = timing.next_after(at);
            let local = DateTime::from_timestamp_millis(at).unwrap().with_timezone(&zone);
            local.to_rfc3339_opts(SecondsFormat::Secs, false)[5..].to_owned()
        })
        .collect()
}

#[test]
fn berlin_forward() {
    let next = |expression| next(expression, Tz::Europe__Berlin, "2026-03-28T12:00:00+01:00", 3);
    // 02:00 to 03:00 is not there on the 29th.
    assert_eq!(next("30 2 * * *"), ["03-29T03:00:00+02:00", "03-30T02:30:00+02:00", "03-31T02:30:00+02:00"]);
    // However many are left out, it is one.
    assert_eq!(next("0,15,30 2 29 * *")[..2], ["03-29T03:00:00+02:00", "04-29T02:00:00+02:00"]);
    assert_eq!(next("*/20 2 29 3 *")[0], "03-29T03:00:00+02:00");
    assert_eq!(next("0 3 * * *")[..2], ["03-29T03:00:00+02:00", "03-30T03:00:00+02:00"]);
    assert_eq!(next("0 2,3 * * *")[..2], ["03-29T03:00:00+02:00", "03-30T02:00:00+02:00"]);
    assert_eq!(next("0 8 * * *")[..2], ["03-29T08:00:00+02:00", "03-30T08:00:00+02:00"]);
}

#[test]
fn berlin_back() {
    let next = |expression, after| next(expression, Tz::Europe__Berlin, after, 3);
    // 02:00 to 03:00 comes twice on the 25th.
    let before = "2026-10-24T12:00:00+02:00";
    assert_eq!(
        next("30 2 * * *", before),
        ["10-25T02:30:00+02:00", "10-26T02:30:00+01:00", "10-27T02:30:00+01:00"]
    );
    assert_eq!(next("0 3 * * *", before)[..2], ["10-25T03:00:00+01:00", "10-26T03:00:00+01:00"]);
    let first = "2026-10-25T02:40:00+02:00";
    assert_eq!(
        next("*/10 * * * *", first),
        ["10-25T02:50:00+02:00", "10-25T02:00:00+01:00", "10-25T02:10:00+01:00"]
    );
    assert_eq!(
        next("@hourly", "2026-10-25T01:00:00+02:00"),
        ["10-25T02:00:00+02:00", "10-25T02:00:00+01:00", "10-25T03:00:00+01:00"]
    );
    // In the middle of the second time, the first one is over.
    let second = "2026-10-25T02:10:00+01:00";
    assert_eq!(next("30 2 * * *", second)[0], "10-26T02:30:00+01:00");
    assert_eq!(next("*/10 2 25 10 *", second)[..2], ["10-25T02:20:00+01:00", "10-25T02:30:00+01:00"]);
}

#[test]
fn new_york_both_ways() {
    let next = |expression, after, count| next(expression, Tz::America__New_York, after, count);
    assert_eq!(
        next("30 2 * * *", "2026-03-07T12:00:00-05:00", 2),
        ["03-08T03:00:00-04:00", "03-09T02:30:00-04:00"]
    );
    assert_eq!(
        next("30 1 * * *", "2026-10-31T12:00:00-04:00", 2),
        ["11-01T01:30:00-04:00", "11-02T01:30:00-05:00"]
    );
    assert_eq!(
        next("0 * * * *", "2026-11-01T00:30:00-04:00", 3),
        ["11-01T01:00:00-04:00", "11-01T01:00:00-05:00", "11-01T02:00:00-05:00"]
    );
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    let next = |expression, after, count| next(expression, Tz::Australia__Lord_Howe, after, count);
    // Forward on 4 October 2026: 02:00 to 02:30 is not there.
    assert_eq!(
        next("15 2 * * *", "2026-10-03T12:00:00+10:30", 2),
        ["10-04T02:30:00+11:00", "10-05T02:15:00+11:00"]
    );
    assert_eq!(next("45 2 * * *", "2026-10-03T12:00:00+10:30", 1), ["10-04T02:45:00+11:00"]);
    // Back on 5 April 2026: 01:30 to 02:00 comes twice.
    assert_eq!(
        next("45 1 * * *", "2026-04-04T12:00:00+11:00", 2),
        ["04-05T01:45:00+11:00", "04-06T01:45:00+10:30"]
    );
    assert_eq!(
        next("*/15 * * * *", "2026-04-05T01:30:00+11:00", 4),
        ["04-05T01:45:00+11:00", "04-05T01:30:00+10:30", "04-05T01:45:00+10:30", "04-05T02:00:00+10:30"]
    );
}

#[test]
fn days_that_are_not_there() {
    assert_eq!(
        next("0 12 29 2 *", Tz::Europe__Berlin, "2026-01-01T00:00:00Z", 2),
        ["02-29T12:00:00+01:00", "02-29T12:00:00+01:00"]
    );
    // 2100 is no leap year.
    assert_eq!(next("0 0 29 2 *", Tz::UTC, "2096-03-01T00:00:00Z", 1), ["02-29T00:00:00+00:00"]);
    let timing = Timing::Cron(Box::new(Expression::parse("0 0 29 2 *").unwrap()), Tz::UTC.into());
    let from = DateTime::parse_from_rfc3339("2096-03-01T00:00:00Z").unwrap().timestamp_millis();
    assert_eq!(
        DateTime::from_timestamp_millis(timing.next_after(from)).unwrap().date_naive().to_string(),
        "2104-02-29"
    );
    // Samoa had no 30 December 2011.
    assert_eq!(
        next("0 9 * * *", Tz::Pacific__Apia, "2011-12-29T12:00:00-10:00", 2),
        ["12-31T00:00:00+14:00", "12-31T09:00:00+14:00"]
    );
    // Midnight was left out in São Paulo.
    assert_eq!(
        next("@daily", Tz::America__Sao_Paulo, "2018-11-03T12:00:00-03:00", 2),
        ["11-04T01:00:00-02:00", "11-05T00:00:00-02:00"]
    );
}

#[test]
fn seconds_count_where_they_are_given() {
    assert_eq!(
        next("*/20 59 23 31 12 *", Tz::UTC, "2026-12-31T23:59:20Z", 2),
        ["12-31T23:59:40+00:00", "12-31T23:59:00+00:00"]
    );
    // Within a second, the next one is not that one again.
    let timing = Timing::Cron(Box::new(Expression::parse("* * * * * *").unwrap()), Tz::UTC.into());
    assert_eq!(timing.next_after(5_000), 6_000);
    assert_eq!(timing.next_after(5_999), 6_000);
}

#[test]
fn intervals_are_counted_from_their_anchor() {
    let every = Timing::Every { period_ms: 600_000, anchor_ms: 1_000 };
    for (after, next) in [(1_000, 601_000), (600_999, 601_000), (601_000, 1_201_000), (-1, 1_000)] {
        assert_eq!(every.next_after(after), next, "{after}");
    }
}

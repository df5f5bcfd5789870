//! What expressions may say, and what is said of those that may not.

use openpista::cron::{Expression, interval, written};
use std::time::Duration;

fn wrong(text: &str) -> String {
    Expression::parse(text).map(|_| format!("{text:?} is accepted")).unwrap_err()
}

#[test]
fn what_crontabs_say_is_understood() {
    let same = |a: &str, b: &str| {
        assert_eq!(Expression::parse(a), Expression::parse(b), "{a:?} {b:?}");
        assert!(Expression::parse(a).is_ok(), "{a:?}: {}", wrong(a));
    };
    same("0 8 * * mon-fri", "0 8 * * 1-5");
    same("0 8 1 JAN,Jul *", "0 8 1 1,7 *");
    same("0 8 * * 7", "0 8 * * sun");
    same("0 8 * * fri-sun", "0 8 * * 0,5,6");
    same("0 8 * * 5-7", "0 8 * * 5,6,0");
    same("5/20 * * * *", "5,25,45 * * * *");
    same("10-30/10 * * * *", "10,20,30 * * * *");
    same("  0   8 * * *  ", "0 8 * * *");
    same("0 8 ? * 1", "0 8 * * 1");
    same("@daily", "@midnight");
    same("@Yearly", "0 0 1 1 *");
    for text in ["0 8 L * *", "0 8 15W * *", "0 8 * * 5#2", "0 8 * * friL", "*/5 * * * * *"] {
        assert!(Expression::parse(text).is_ok(), "{}", wrong(text));
    }
}

#[test]
fn what_is_wrong_is_said_with_the_field() {
    for (text, words) in [
        ("61 * * * *", "minute: \"61\" is not allowed; there are numbers 0 to 59"),
        ("* 24 * * *", "hour: \"24\""),
        ("* * 0 * *", "day of the month: \"0\""),
        ("* * * 13 *", "month: \"13\" is not allowed; there are numbers 1 to 12, names jan to dec"),
        ("* * * * 8", "day of the week: \"8\""),
        ("60 * * * * *", "second: \"60\""),
        ("* * * mai *", "month: \"mai\""),
        ("jan * * * *", "minute: \"jan\""),
        ("30-10 * * * *", "minute: \"30-10\" ends before it begins"),
        ("*/0 * * * *", "minute: a step is a number from 1 to 59"),
        ("*/x * * * *", "a step is a number"),
        ("1,,2 * * * *", "minute: \"\" is not allowed"),
        ("-5 * * * *", "minute: \"\" is not allowed"),
        ("+5 * * * *", "minute: \"+5\" is not allowed"),
        ("* * * * 5#6", "behind # stands a number from 1 to 5"),
        ("* * *", "has 3 fields; there are 5"),
        ("* * * * * * *", "has 7 fields"),
        ("", "has 0 fields"),
        ("every day", "has 2 fields"),
        ("@dayly", "did you mean \"@daily\"?"),
        ("@nightly", "there is @hourly"),
        ("@reboot", "let the service manager"),
        ("@every 5m", "write every = \"5m\" in the place of at"),
        ("@every 1h30m", "write every = \"1h30m\""),
        ("@every tuesday", "is written every = …"),
        ("5m", "again and again is every = \"5m\""),
        ("every 10m", "every = \"10m\""),
        ("08:30", "08:30 each day is at = \"30 8 * * *\""),
        ("daily", "did you mean \"@daily\"?"),
        ("0 0 30W 2 *", "never comes: no month of \"2\" has a day \"30W\""),
        ("0 0 31W 4,6,9,11 *", "never comes"),
        ("0 0 30,31W 2 *", "never comes"),
        ("0 0 */31 * 5#2", "has to fit both"),
        ("0 0 31 2,4 *", "never comes"),
        ("0 0 30 feb *", "never comes"),
        ("99999999999999999999 * * * *", "minute"),
        ("1.5 * * * *", "minute: \"1.5\""),
        ("１ * * * *", "minute"),
    ] {
        let said = wrong(text);
        assert!(said.contains(words), "{text:?}: {said}");
    }
}

#[test]
fn nothing_makes_it_panic() {
    let pieces = ["*", "/", "-", ",", "0", "59", "L", "W", "#", "@", "mon", " ", "7", "99", "?", "é"];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let text: String = (0..state % 14)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                pieces[(state >> 33) as usize % pieces.len()]
            })
            .collect();
        state = state.wrapping_add(1);
        if let Ok(expression) = Expression::parse(&text) {
            openpista::cron::Timing::Cron(Box::new(expression), chrono_tz::Tz::Europe__Berlin.into())
                .next_after(0);
        }
    }
}

#[test]
fn intervals_as_people_write_them() {
    for (text, seconds, shown) in [
        ("90s", 90, "1m30s"),
        ("10m", 600, "10m"),
        ("1h30m", 5_400, "1h30m"),
        ("2d", 172_800, "2d"),
        ("1w", 604_800, "7d"),
    ] {
        let found = interval(text).unwrap();
        assert_eq!((found, written(found).as_str()), (Duration::from_secs(seconds), shown));
    }
    for text in
        ["", "10", "m", "10x", "1.5h", "-1m", "0s", "367d", "99999999999999999999s", "18446744073709551615w"]
    {
        assert!(interval(text).is_err(), "{text:?}");
    }
}

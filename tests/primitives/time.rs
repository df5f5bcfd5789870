//! Clocks, dates and zones.

use crate::{fails, shows, support::program::Home};
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn the_clock_is_the_systems() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    let before = now();
    let shown = shows(
        &Home::new(),
        [
            "('%.6f'):format(pista.time.now())",
            "(function() local a = pista.time.monotonic() pista.sleep(0.01) return pista.time.monotonic() - a >= 0.01 end)()",
        ],
    );
    let told: f64 = shown[0].trim_matches('"').parse().expect("a number");
    assert!(told >= before - 1e-3 && told <= now() + 1e-3, "{before} {told}");
    assert_eq!(shown[1], "true");
}

#[test]
fn times_are_written_and_read_in_zones() {
    let home = Home::new().env("TZ", "Europe/Berlin");
    let shown = shows(
        &home,
        [
            "pista.time.iso(1763856000)",
            "pista.time.iso(1763856000.75, 'Asia/Seoul')",
            "pista.time.iso(1763856000, 'local')",
            "pista.time.format('%d.%m.%Y %H:%M %Z', 1763856000)",
            "pista.time.format('%A %e %B', -1, 'America/New_York')",
            "pista.time.parse('2025-11-23T00:00:00Z')",
            "pista.time.parse('2025-11-23T09:00:00.5+09:00')",
            "pista.time.parse('Sun, 23 Nov 2025 09:00:00 +0900')",
            "pista.time.parse('2025-11-23 01:00')",
            "pista.time.parse('2025-11-23', { zone = 'Asia/Seoul' })",
            "pista.time.parse('23/11/2025', { format = '%d/%m/%Y', zone = 'UTC' })",
            "pista.time.parse('23/11/2025 01 +0100', { format = '%d/%m/%Y %H %z' })",
            "pista.time.parse('23/11/2025 09', { format = '%d/%m/%Y %H', zone = 'Asia/Seoul' })",
            "pista.time.parse('1763856000', { format = '%s' })",
        ],
    );
    assert_eq!(
        shown,
        [
            "\"2025-11-23T00:00:00Z\"",
            "\"2025-11-23T09:00:00+09:00\"",
            "\"2025-11-23T01:00:00+01:00\"",
            "\"23.11.2025 01:00 +01:00\"",
            "\"Wednesday 31 December\"",
            "1763856000.0",
            "1763856000.5",
            "1763856000.0",
            "1763856000.0",
            "1763823600.0",
            "1763856000.0",
            "1763856000.0",
            "1763856000.0",
            "1763856000.0",
        ]
    );
}

#[test]
fn clock_changes_have_no_surprises() {
    let shown = shows(
        &Home::new(),
        [
            // Twice that night: the first one is meant.
            "pista.time.iso(pista.time.parse('2025-10-26 02:30', { zone = 'Europe/Berlin' }))",
            "pista.time.iso(1743296400, 'Europe/Berlin')",
        ],
    );
    assert_eq!(shown, ["\"2025-10-26T00:30:00Z\"", "\"2025-03-30T03:00:00+02:00\""]);
    // Never that night.
    let (kind, _) = fails(&Home::new(), "pista.time.parse('2025-03-30 02:30', { zone = 'Europe/Berlin' })");
    assert_eq!(kind, "runtime");
}

#[test]
fn what_is_no_time_is_told() {
    let home = Home::new();
    for (code, kind, word) in [
        ("pista.time.iso('now')", "usage", "seconds since 1970"),
        ("pista.time.iso(1e300)", "usage", "no time"),
        ("pista.time.iso(0/0)", "usage", "no time"),
        ("pista.time.iso(0, 'Mars')", "usage", "Asia/Seoul"),
        ("pista.time.format('%Q', 0)", "usage", "%Q"),
        ("pista.time.format('%', 0)", "usage", "not known"),
        ("pista.time.format(('%Y'):rep(200))", "usage", "too long"),
        ("pista.time.parse('tomorrow')", "runtime", "tomorrow"),
        ("pista.time.parse('1', { form = '%d' })", "usage", "format"),
    ] {
        let (found, message) = fails(&home, code);
        assert_eq!(found, kind, "{code}: {message}");
        assert!(message.contains(word) && message.starts_with("pista.time."), "{code}: {message}");
    }
}

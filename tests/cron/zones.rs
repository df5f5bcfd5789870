//! The machine's time zone, however it is named: jobs go by the clocks that `date` shows.

use crate::{
    bench_of_time::{HOUR, HandClock, MINUTE, MONDAY, Notes, Program, job, until},
    support::program::Home,
};
use chrono_tz::Tz;
use openpista::{
    cron::{Expression, Timing, Zone, local_zone, zone, zone_now},
    domain::{
        cron::RunState,
        plan::{CronSpec, Missed},
    },
};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::Write,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

/// Values of `TZ` that name a zone.
const NAMING: &[&str] = &[
    "",
    ":",
    "UTC",
    "JST-9",
    ":JST-9",
    "JST-9 ",
    "UTC+9",
    "UTC-9",
    "<+09>-9",
    "<-0330>3:30",
    "IST-5:30",
    "IST-5:30:15",
    "XYZ+11:59:59",
    "EST5EDT",
    "EST5EDT4,M3.2.0/-1,M11.1.0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "GMT0BST,M3.5.0/1,M10.5.0",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "WGT3WGST,M3.5.0/-2,M10.5.0/-1",
    "<-03>3<-02>,M3.5.0/-1,M10.5.0/0",
    "ABC-9DEF-11,J60/0,J300/26",
    "CET-1CEST,59,299",
    "Asia/Seoul",
    ":Asia/Seoul",
    "/usr/share/zoneinfo/Asia/Seoul",
    ":/usr/share/zoneinfo/Europe/Berlin",
    "posix/America/New_York",
    "../zoneinfo/Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Asia/Gaza",
];
/// Values that name none: what is said of each.
const NAMING_NONE: &[(&str, &str)] = &[
    ("Asia/Soul", "did you mean \"Asia/Seoul\"?"),
    ("asia/seoul", "did you mean \"Asia/Seoul\"?"),
    ("JST", "did you mean \"Asia/Tokyo\"?"),
    ("KST", "did you mean \"Asia/Seoul\"?"),
    ("+09:00", "\"Etc/GMT-9\""),
    ("X", "names no time zone"),
    ("AB-3", "names no time zone"),
    ("/nonexistent", "names no time zone"),
    ("/etc/passwd", "names no time zone"),
    ("/usr/share/zoneinfo", "names no time zone"),
    ("Europe", "names no time zone"),
    ("::Asia/Seoul", "names no time zone"),
];
/// Values that name summer time, and not when it is: what they mean is the C library's choice.
const UNTOLD: &[&str] = &["CET-1CEST", "ABC-9DEF", "CET-1CEST,M3.5.0"];

/// What `date` shows at these times, in seconds since 1970.
fn dates(tz: &str, times: &[i64], format: &str) -> Vec<String> {
    let mut date = Command::new("date")
        .args(["-f", "-", format])
        .env("TZ", tz)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = times.iter().map(|at| format!("@{at}\n")).collect();
    let mut input = date.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let done = date.wait_with_output().unwrap();
    writing.join().unwrap();
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn here(tz: &str) -> Zone {
    let found = local_zone(Some(OsStr::new(tz)));
    assert_eq!(found.problem, None, "{tz:?}");
    found.zone
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn clocks_show_what_date_shows() {
    let mut chance = Chance(chrono::Utc::now().timestamp() as u64);
    for tz in NAMING {
        // 1990 to 2060.
        let times: Vec<i64> =
            (0..300).map(|_| 631_152_000 + chance.below(70 * 366 * 86_400) as i64).collect();
        let zone = here(tz);
        for (at, shown) in times.iter().zip(dates(tz, &times, "+%Y-%m-%d %H:%M:%S %:::z")) {
            let local = chrono::DateTime::from_timestamp(at + zone.ahead(*at), 0).unwrap();
            let ours = local.format("%Y-%m-%d %H:%M:%S").to_string();
            assert!(shown.starts_with(&ours), "TZ={tz:?} at {at}: {ours}, and date shows {shown}");
        }
    }
}

#[test]
fn jobs_are_due_when_date_shows_their_time() {
    let seed = chrono::Utc::now().timestamp() as u64;
    let mut chance = Chance(seed);
    for tz in NAMING {
        let zone = here(tz);
        for _ in 0..8 {
            let (minute, hour, weekday) = (chance.below(60), chance.below(24), chance.below(7));
            let text = match chance.below(3) {
                0 => format!("{minute} {hour} * * *"),
                1 => format!("{minute} {hour} * * {weekday}"),
                _ => format!("{minute} */{} * * *", 1 + chance.below(12)),
            };
            let timing = Timing::Cron(Box::new(Expression::parse(&text).unwrap()), zone.clone());
            let mut at = 1_000 * (1_700_000_000 + chance.below(10 * 366 * 86_400) as i64);
            let times: Vec<i64> = (0..40)
                .map(|_| {
                    at = timing.next_after(at);
                    at / 1_000
                })
                .collect();
            let before: Vec<i64> = times.iter().map(|at| at - 1).collect();
            let shown = dates(tz, &times, "+%M %H %w");
            for ((shown, at), before) in shown.iter().zip(&times).zip(dates(tz, &before, "+%H:%M:%S")) {
                let fields: Vec<u64> = shown.split(' ').map(|field| field.parse().unwrap()).collect();
                let fits = fields[0] == minute
                    && (text.contains("*/") || fields[1] == hour)
                    && (!text.ends_with(char::is_numeric) || fields[2] == weekday);
                // Or the first moment after clocks have jumped over the time.
                let jumped = zone.ahead(*at) > zone.ahead(at - 1);
                assert!(fits || jumped, "TZ={tz:?} {text:?}: {at} is {shown}, after {before}; seed {seed}");
            }
        }
    }
}

#[test]
fn the_program_tells_the_same() {
    let home = Home::new();
    home.init(
        "pista.cron('winter', { at = '30 12 15 1 *' }, function() end)
         pista.cron('summer', { at = '30 12 15 7 *' }, function() end)",
    );
    for tz in NAMING {
        let home = home.clone().env("TZ", *tz);
        let listed = home.run(["cron", "list", "--json"]).ok().json();
        let times: Vec<i64> = listed.iter().map(|job| job["next_ms"].as_i64().unwrap() / 1_000).collect();
        let shown = dates(tz, &times, "+%m-%d %H:%M:%S");
        assert_eq!(shown, ["07-15 12:30:00", "01-15 12:30:00"], "TZ={tz:?}: {listed:?}");
        let code = "os.date('%Y-%m-%d %H', 1767225600) .. pista.time.format('|%Y-%m-%d %H', 1767225600)";
        let said = home.run(["eval", code]).ok().out;
        let (c, ours) = said.trim().trim_matches('"').split_once('|').unwrap();
        assert_eq!(c, ours, "TZ={tz:?}");
    }
}

#[test]
fn a_value_that_names_no_zone_is_told_with_the_remedy() {
    let home = Home::new();
    let job = |tz: &str| format!("pista.cron('daily', {{ at = '30 12 15 7 *'{tz} }}, function() end)");
    for (tz, words) in NAMING_NONE {
        let home = home.clone().env("TZ", *tz);
        home.init(&job(""));
        let checked = home.run(["check"]).ok();
        assert!(checked.err.contains(words) && checked.err.contains("tz = "), "TZ={tz:?}: {}", checked.err);
        assert_eq!(checked.err.matches("names no time zone").count(), 1, "{}", checked.err);
        // As `date` does it.
        let at = home.run(["cron", "list", "--json"]).ok().json()[0]["next_ms"].as_i64().unwrap() / 1_000;
        assert_eq!(dates(tz, &[at], "+%H:%M"), ["12:30"], "TZ={tz:?}");
        // Nothing is to be said where no job goes by it.
        home.init(&job(", tz = 'Asia/Seoul'"));
        assert!(!home.run(["check"]).ok().err.contains("names no time zone"));
    }
    let doctor = home.clone().env("TZ", "Asia/Soul").run(["doctor"]);
    assert!(doctor.out.contains("TZ=\"Asia/Soul\" names no time zone"), "{}", doctor.out);
    let doctor = home.env("TZ", "JST-9").run(["doctor"]);
    assert!(doctor.out.contains("JST-9 (+09:00)"), "{}", doctor.out);
}

#[test]
fn a_value_that_leaves_summer_time_open_is_told() {
    for tz in UNTOLD {
        let found = local_zone(Some(OsStr::new(tz)));
        assert!(found.problem.as_deref().unwrap_or_default().contains("add the rule"), "{tz}: {found:?}");
        // 2026-01-15 and 2026-07-15: nobody disagrees.
        for at in [1_768_435_200, 1_784_073_600] {
            let hour = dates(tz, &[at], "+%H")[0].parse::<i64>().unwrap();
            assert_eq!((at + found.zone.ahead(at)) / 3_600 % 24, hour, "{tz} at {at}");
        }
    }
}

#[test]
fn the_file_of_the_machine_is_read_also_where_it_is_a_copy() {
    // In a namespace of its own the machine's zone can be another one.
    let home = Home::new();
    home.init("pista.cron('noon', { at = '0 12 * * *' }, function() end)");
    let script = |how: &str| {
        format!(
            "set -e; mkdir etc; cp -a /etc/. etc/ 2>/dev/null || true; rm -f etc/localtime; {how}; \
             mount --bind etc /etc; unset TZ; date +%:z; '{}' cron list",
            crate::support::program::PROGRAM
        )
    };
    let zones = [
        ("cp /usr/share/zoneinfo/Asia/Seoul etc/localtime", "+09:00", "KST-9"),
        ("ln -s /usr/share/zoneinfo/Asia/Kolkata etc/localtime", "+05:30", "Asia/Kolkata"),
        ("true", "+00:00", "UTC"),
        // A container whose file is mounted over: the link's name says something else.
        (
            "ln -s /usr/share/zoneinfo/UTC etc/localtime; cp /usr/share/zoneinfo/Asia/Tokyo z; mount --bind z \
             /usr/share/zoneinfo/UTC",
            "+09:00",
            "JST-9",
        ),
    ];
    for (how, offset, name) in zones {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script(how)]);
        let place = tempfile::tempdir().unwrap();
        let done =
            command.current_dir(place.path()).env("HOME", home.path()).env("OPENPISTA_LOCAL_SERVERS", "[]");
        let done = done.env_remove("TZ").output().expect("unshare of util-linux");
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        if err.contains("unshare failed") || err.contains("Operation not permitted") {
            let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.contains("all"), "no namespaces of users: {err}");
            eprintln!("skipped: no namespaces of users: {err}");
            return;
        }
        let (date, listed) = out.split_once('\n').unwrap_or_else(|| panic!("{how}: {out}{err}"));
        assert_eq!(date, offset, "{how}");
        assert!(listed.contains(&format!("12:00:00 {offset}")) && listed.contains(name), "{how}: {listed}");
    }
}

#[test]
fn a_zone_that_is_changed_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("zone");
    let put = |name: &str| {
        let new = dir.path().join("new");
        std::fs::copy(format!("/usr/share/zoneinfo/{name}"), &new).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    put("Asia/Seoul");
    let at = 1_767_225_600;
    assert_eq!(zone_now(Some(file.as_os_str())).zone.ahead(at), 9 * 3_600);
    put("Europe/Berlin");
    let now = zone_now(Some(file.as_os_str()));
    assert_eq!(now.zone.ahead(at), 3_600);
    assert_eq!(now, zone_now(Some(file.as_os_str())));
    // Told from each other, so that jobs are planned anew.
    put("Asia/Seoul");
    assert_ne!(now.zone.name(), zone_now(Some(file.as_os_str())).zone.name());
}

fn daily(missed: Missed) -> CronSpec {
    CronSpec { missed, ..job("0 8 * * *") }
}

#[tokio::test]
async fn while_the_program_runs_jobs_go_by_the_new_zone() {
    let (dir, clock, work) = (tempfile::tempdir().unwrap(), HandClock::at(MONDAY), Notes::quick());
    let program = Program::start(dir.path(), &clock);
    let zone = Arc::new(Mutex::new(Tz::UTC));
    let zones = zone.clone();
    program.apply_by(Arc::new(move || (*zones.lock().unwrap()).into()), [daily(Missed::Skip)], &work).await;
    // Somebody travels to Seoul at 07:00 UTC, where it is 16:00.
    program.pass(7 * HOUR).await;
    *zone.lock().unwrap() = Tz::Asia__Seoul;
    for _ in 0..24 * 60 {
        program.pass(MINUTE).await;
    }
    program.ended(1).await;
    assert_eq!(work.slots(), [MONDAY + 23 * HOUR], "08:00 in Seoul, and nothing at 08:00 UTC");
    program.stop().await;
}

#[tokio::test]
async fn what_was_due_when_the_zone_was_changed_is_made_up_for_once_and_history_says_why() {
    for (missed, slots, states) in [
        (Missed::Once, vec![MONDAY + 7 * HOUR], vec![RunState::Ok]),
        (Missed::All, vec![MONDAY + 7 * HOUR], vec![RunState::Ok]),
        (Missed::Skip, vec![], vec![RunState::Missed]),
    ] {
        let (dir, work) = (tempfile::tempdir().unwrap(), Notes::quick());
        let program = Program::start(dir.path(), &HandClock::at(MONDAY));
        // 08:00 in Berlin is 07:00 UTC.
        program.apply_in(Tz::Europe__Berlin, [daily(missed)], &work).await;
        program.stop().await;
        let program = Program::start(dir.path(), &HandClock::at(MONDAY + 9 * HOUR));
        program.apply_in(Tz::Asia__Seoul, [daily(missed)], &work).await;
        let ended = program.ended(1).await;
        assert_eq!(ended.iter().map(|(_, state)| *state).collect::<Vec<_>>(), states, "{missed:?}");
        assert_eq!(work.slots(), slots, "{missed:?}");
        let runs = program.runs().await;
        let note = runs[0].note.as_deref().unwrap_or_default();
        assert!(note.contains("Europe/Berlin"), "{runs:?}");
        // It is not made up for again, and goes on in the new zone.
        program.pass(14 * HOUR).await;
        program.ended(2).await;
        let slots = work.slots();
        assert_eq!(slots.last(), Some(&(MONDAY + 23 * HOUR)));
        assert_eq!(program.runs().await[1].note, None);
        program.stop().await;
    }
}

#[tokio::test]
async fn what_was_due_when_the_schedule_was_changed_is_noted() {
    let (dir, work) = (tempfile::tempdir().unwrap(), Notes::quick());
    let program = Program::start(dir.path(), &HandClock::at(MONDAY));
    program.apply([daily(Missed::Once)], &work).await;
    program.stop().await;
    let program = Program::start(dir.path(), &HandClock::at(MONDAY + 9 * HOUR));
    program.apply([CronSpec { missed: Missed::Once, ..job("0 20 * * *") }], &work).await;
    until("it is noted", async || program.runs().await.len() == 1).await;
    let runs = program.runs().await;
    assert_eq!((runs[0].scheduled_ms, runs[0].state), (MONDAY + 8 * HOUR, RunState::Missed));
    assert!(runs[0].error.as_deref().unwrap().contains("schedule was changed"), "{runs:?}");
    program.stop().await;
}

#[test]
fn names_are_found_and_other_names_get_the_right_hint() {
    assert_eq!(zone("Asia/Seoul"), Ok(Tz::Asia__Seoul.into()));
    let hints: BTreeMap<&str, &str> = [
        ("Asia/Soul", "did you mean \"Asia/Seoul\"?"),
        ("europe/berlin", "did you mean \"Europe/Berlin\"?"),
        ("Seoul", "did you mean \"Asia/Seoul\"?"),
        ("new york", "did you mean \"America/New_York\"?"),
        ("KST", "did you mean \"Asia/Seoul\"?"),
        ("kst", "did you mean \"Asia/Seoul\"?"),
        ("PDT", "did you mean \"America/Los_Angeles\"?"),
        ("CEST", "did you mean \"Europe/Berlin\"?"),
        ("Korea Standard Time", "did you mean \"Asia/Seoul\"?"),
        ("UTC+9", "did you mean \"Asia/Seoul\", or \"Etc/GMT-9\""),
        ("GMT+9", "\"Etc/GMT-9\""),
        ("+09:00", "\"Etc/GMT-9\""),
        ("+0900", "\"Etc/GMT-9\""),
        ("UTC-5", "\"Etc/GMT+5\""),
        ("UTC+5:30", "did you mean \"Asia/Kolkata\"?"),
        ("UTC+0", "did you mean \"UTC\"?"),
        ("local", "leave tz out"),
    ]
    .into();
    for (name, hint) in hints {
        let said = zone(name).unwrap_err();
        assert!(said.contains(hint), "{name}: {said}");
    }
    // Hours off is worse than no hint.
    for name in ["QST", "XKT", "ZZZ"] {
        assert!(!zone(name).unwrap_err().contains("did you mean"), "{name}: {}", zone(name).unwrap_err());
    }
}

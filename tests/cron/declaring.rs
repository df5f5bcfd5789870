//! `pista.cron` in an `init.lua`.

use crate::support::program::Home;

/// What is said of an `init.lua` that does not load.
fn refused(lua: &str) -> String {
    let home = Home::new();
    home.init(lua);
    home.run(["cron", "list"]).code(78).err
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let job = |options: &str| format!("\npista.cron(\"job\", {{\n  {options}\n}}, function() end)\n");
    for (options, words) in [
        ("at = \"61 * * * *\"", "init.lua:3: pista.cron: at: \"61 * * * *\": minute: \"61\" is not allowed"),
        ("at = \"* * *\"", "init.lua:3: pista.cron: at: \"* * *\" has 3 fields"),
        ("at = \"@dayly\"", "did you mean \"@daily\"?"),
        ("every = \"10 parsecs\"", "init.lua:3: pista.cron: every: \"10 parsecs\" is no interval"),
        ("every = 0", "every: an interval is a whole number of seconds from 1"),
        ("every = 1.5", "every: an interval is a whole number"),
        ("every = true", "every: expected a number"),
        ("at = \"@daily\", every = 5", "give at or every, not both"),
        ("tz = \"UTC\"", "at (a cron expression) or every (an interval) is missing"),
        ("at = \"@daily\", tz = \"Mars/Olympus\"", "there is no time zone \"Mars/Olympus\""),
        ("every = 5, tz = \"UTC\"", "tz: an interval is the same in every time zone"),
        ("at = \"@daily\", missed = \"twice\"", "missed: there is no \"twice\""),
        ("at = \"@daily\", overlap = \"all\"", "overlap: there is no \"all\""),
        ("at = \"@daily\", timeout = 0", "timeout: must be seconds"),
        ("at = \"@daily\", to = \"me\"", "to: \"me\" is no address"),
        ("at = \"@daily\", prompt = \"hi\"", "prompt: give a function or a prompt, not both"),
        ("at = \"@daily\", agent = \"main\"", "agent: it answers a prompt"),
        ("at = \"@daily\", misssed = \"all\"", "unknown key \"misssed\" (did you mean \"missed\"?)"),
    ] {
        let said = refused(&job(options));
        assert!(said.contains(words), "{options}: {said}");
    }
    assert!(refused("pista.cron('job', { at = '@daily' })").contains("what the job does"));
    assert!(refused("pista.cron('job', { at = '@daily' }, 5)").contains("the last argument is a function"));
    assert!(refused("pista.cron('my job', { at = '@daily' }, print)").contains("\"my job\" is no name"));
    let twice = "pista.cron('job', { at = '@daily' }, print)\npista.cron('job', { every = 5 }, print)";
    assert!(refused(twice).contains("init.lua:2: pista.cron: \"job\" is declared already, at init.lua:1"));
}

#[test]
fn jobs_are_listed_with_when_they_are_due() {
    let home = Home::new().env("TZ", "America/New_York");
    assert!(home.run(["cron", "list"]).ok().err.contains("no jobs"));
    home.init(
        "pista.cron('digest', { at = '0 8 * * mon-fri', tz = 'Asia/Seoul', missed = 'once', to = 'repl:me' }, print)
         pista.cron('beat', { every = '1h30m' }, print)
         pista.cron('joke', { at = '@daily', prompt = 'Tell a joke.' })",
    );
    let text = home.run(["cron", "list"]).ok().out;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("beat") && lines[0].contains("every 1h30m"), "{text}");
    assert!(
        lines[1].contains("0 8 * * mon-fri Asia/Seoul") && lines[1].contains("08:00:00 +09:00"),
        "{text}"
    );
    assert!(lines[2].contains("@daily America/New_York") && lines[2].contains("00:00:00 -0"), "{text}");
    assert!(lines.iter().all(|line| line.ends_with("never ran")), "{text}");
    let jobs = home.run(["cron", "list", "--json"]).ok().json();
    assert_eq!(jobs[1]["name"], "digest");
    assert_eq!((&jobs[1]["missed"], &jobs[1]["to"]), (&"once".into(), &"repl:me".into()));
    assert!(jobs[1]["next_ms"].as_i64().unwrap() > 0 && jobs[1]["last"].is_null(), "{jobs:?}");
    // Looking changes nothing.
    let stored = |sql: &str| -> i64 {
        let database = rusqlite::Connection::open(home.database()).unwrap();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    home.run(["cron", "history"]).ok();
    assert_eq!((stored("SELECT count(*) FROM cron_jobs"), stored("SELECT count(*) FROM cron_runs")), (0, 0));
}

//! The home, and the state with it, moves to another place: jobs keep their history and their times.

use crate::support::program::{Home, Ran};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// A job that runs once a year, with a result that tells where it ran.
const INIT: &str =
    "pista.cron('yearly', { at = '0 0 1 1 *', missed = 'once' }, function(ctx) return 'ran' end)";

/// The same home, at another path.
fn moved(home: &Home) -> (tempfile::TempDir, impl Fn(&[&str]) -> Ran + use<>) {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("elsewhere/deep");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::rename(home.path(), &place).unwrap();
    let home = home.clone();
    let run = move |args: &[&str]| run_in(&home, &place, args);
    (dir, run)
}

fn run_in(home: &Home, place: &Path, args: &[&str]) -> Ran {
    let mut command: Command = home.command(args);
    command.env("HOME", place);
    crate::support::program::Running::start(command, b"").wait()
}

fn history(ran: &Ran) -> Vec<Value> {
    ran.json()
}

/// As an older version left it: known by the path of the file.
fn age(database: &Path, path: &Path) {
    let database = rusqlite::Connection::open(database).unwrap();
    for table in ["cron_jobs", "cron_runs"] {
        let sql = format!("UPDATE {table} SET config = ?1 WHERE config <> ''");
        database.execute(&sql, [path.to_str().unwrap()]).unwrap();
    }
}

/// Puts the next time of the job into the past, as if the program had been away.
fn overdue(database: &Path) {
    let database = rusqlite::Connection::open(database).unwrap();
    let past = 1_700_000_000_000_i64;
    let changed = database.execute("UPDATE cron_jobs SET next_ms = ?1", [past]).unwrap();
    assert_eq!(changed, 1, "one job is stored");
}

#[test]
fn history_and_missed_runs_move_along() {
    for old in [false, true] {
        let home = Home::new();
        let init = home.init(INIT);
        home.run(["cron", "run", "yearly"]).ok();
        // The prompt stays for a moment: it takes the jobs up.
        home.pipe(["repl"], "=1\n").ok();
        assert_eq!(history(&home.run(["cron", "history", "--json"]).ok()).len(), 1);
        if old {
            age(&home.database(), &init);
            assert_eq!(
                history(&home.run(["cron", "history", "--json"]).ok()).len(),
                1,
                "found before it is renamed"
            );
        }
        overdue(&home.database());
        let (dir, run) = moved(&home);
        let runs = history(&run(&["cron", "history", "--json"]).ok());
        assert_eq!((runs.len(), &runs[0]["output"]), (1, &"ran".into()), "old: {old}: {runs:?}");
        assert!(run(&["cron", "list"]).ok().out.contains("last ok"));
        // What was missed meanwhile is made up for.
        let ran = run(&["eval", "1"]).ok();
        assert_eq!(ran.out, "1\n");
        let repl = {
            let mut command = home.command(["repl"]);
            command.env("HOME", dir.path().join("elsewhere/deep"));
            crate::support::program::Running::open(command)
        };
        let missed = || {
            history(&run(&["cron", "history", "--json"]).ok())
                .iter()
                .any(|run| run["manual"] == false && run["state"] == "ok")
        };
        assert!(
            crate::support::program::until(missed),
            "old: {old}: {:?}",
            history(&run(&["cron", "history", "--json"]))
        );
        drop(repl);
        let database = dir.path().join("elsewhere/deep/.local/state/openpista/openpista.db");
        let database = rusqlite::Connection::open(database).unwrap();
        let names: String = database
            .query_row("SELECT group_concat(DISTINCT config) FROM (SELECT config FROM cron_runs UNION SELECT config FROM cron_jobs)", [], |row| row.get(0))
            .unwrap();
        assert_eq!(names, "config:init.lua");
    }
}

/// Another configuration keeps what is its own.
#[test]
fn configurations_beside_each_other_stay_apart() {
    let home = Home::new();
    home.init(INIT);
    let other = home.write(&home.path().join("bots/other.lua"), &INIT.replace("'ran'", "'other ran'"));
    let other = other.to_str().unwrap().to_owned();
    home.run(["cron", "run", "yearly"]).ok();
    home.run(["--config", &other, "cron", "run", "yearly"]).ok();
    let outputs = |ran: Ran| history(&ran.ok()).iter().map(|run| run["output"].clone()).collect::<Vec<_>>();
    assert_eq!(outputs(home.run(["cron", "history", "--json"])), ["ran"]);
    assert_eq!(outputs(home.run(["--config", &other, "cron", "history", "--json"])), ["other ran"]);
    let (dir, run) = moved(&home);
    assert_eq!(outputs(run(&["cron", "history", "--json"])), ["ran"]);
    let there = dir.path().join("elsewhere/deep/bots/other.lua");
    assert_eq!(
        outputs(run(&["--config", there.to_str().unwrap(), "cron", "history", "--json"])),
        ["other ran"]
    );
}

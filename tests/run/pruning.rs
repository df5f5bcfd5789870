//! `openpista sessions prune`, and the setting that does the same.

use crate::support::program::{Home, Piped, until};

/// Conversations of a home, all but the last `fresh` of them years old.
fn home(count: usize, fresh: usize) -> Home {
    let home = Home::new();
    for n in 0..count {
        home.say(&format!("message {n}")).ok();
        if n + fresh + 1 == count {
            age(&home);
        }
    }
    home
}

/// Makes all conversations years older.
fn age(home: &Home) {
    let database = rusqlite::Connection::open(home.database()).expect("it works");
    database.execute("UPDATE sessions SET touched_ms = touched_ms - 1000 * 86400000", []).expect("it works");
}

fn listed(home: &Home) -> usize {
    home.run(["sessions", "list", "--json"]).ok().json().len()
}

#[test]
fn old_conversations_are_removed_by_hand() {
    let home = home(5, 2);
    let oldest = home.run(["sessions", "list", "--json"]).ok().json()[4]["id"].as_str().unwrap().to_owned();
    home.run(["sessions", "name", &oldest, "dear"]).ok();
    let told = home.run(["sessions", "prune", "--older", "90d", "--dry-run"]).ok().out;
    assert!(told.contains("2 conversations with 4 messages would be removed"), "{told}");
    assert!(told.contains("message 1") && told.contains("1 stay: they have a name"), "{told}");
    assert_eq!(listed(&home), 5);
    let done = home.run(["sessions", "prune", "--older", "90d", "--json"]).ok().json();
    assert_eq!(done[0], serde_json::json!({"sessions": 2, "messages": 4, "busy": 0, "named": 1}));
    assert_eq!(listed(&home), 3);
    let done = home.run(["sessions", "prune", "--older", "90d", "--named"]).ok().out;
    assert_eq!(done, "1 conversations with 2 messages removed\n");
    assert_eq!(listed(&home), 2);
    home.run(["sessions", "prune"]).code(2).complains(["--older"]);
    home.run(["sessions", "prune", "--older", "soon"])
        .code(2)
        .complains(["\"soon\" is no interval", "\"2d\""]);
}

#[test]
fn a_program_that_stays_removes_them_where_the_setting_says_so() {
    let home = home(3, 1);
    let repl = Piped::start(home.command(["repl"]));
    // One of its own.
    assert!(until(|| listed(&home) == 4));
    home.init("pista.setup { keep_sessions_days = 90 }");
    assert!(until(|| listed(&home) == 2), "{}", repl.err());
    assert!(until(|| repl.err().contains("2 conversations with 4 messages were removed")), "{}", repl.err());
    repl.end();
    home.init("pista.setup { keep_sessions_days = 0 }");
    home.run(["check"]).code(78).complains(["keep_sessions_days", "from 1"]);
}

//! Conversations that go on, and the commands that show them.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::{Value, json};

fn counting() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("answer {}", request.messages().len() / 2)))
}

#[test]
fn a_named_session_goes_on() {
    let fake = counting();
    let home = Home::with(&fake);
    home.run(["run", "--session", "trip", "-e", "my name is Ada"]).ok().complains(["new session", "trip"]);
    let ran = home.run(["run", "--session", "trip", "-e", "who am I?"]).ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("answer 2\n", ""));
    let requests = fake.requests();
    let said: Vec<(&str, &str)> = requests[1].messages()[1..]
        .iter()
        .map(|m| (m["role"].as_str().unwrap_or_default(), m["content"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(said, [("user", "my name is Ada"), ("assistant", "answer 1"), ("user", "who am I?")]);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn without_a_name_each_run_is_a_new_session() {
    let fake = counting();
    let home = Home::with(&fake);
    home.say("one").ok();
    home.say("two").ok();
    assert_eq!(fake.requests()[1].messages().len(), 2);
    assert_eq!(home.run(["sessions", "list"]).ok().out.lines().count(), 2);
}

/// The id of the only session.
fn only(home: &Home) -> String {
    let list = home.run(["sessions", "list", "--json"]).ok().json();
    assert_eq!(list.len(), 1, "{list:?}");
    list[0]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_beginning_of_an_id_will_do() {
    let fake = counting();
    let home = Home::with(&fake);
    home.say("one").ok();
    let id = only(&home);
    let shown = home.run(["sessions", "list"]).ok().out;
    let short = shown.split_whitespace().next().expect("an id");
    assert!(id.starts_with(short) && short.len() < id.len());
    home.run(["run", "--session", short, "-e", "two"]).ok();
    home.run(["run", "--session", &id.to_uppercase(), "-e", "three"]).ok();
    assert_eq!(only(&home), id);
    assert_eq!(fake.requests()[2].messages().len(), 6);
}

#[test]
fn an_id_that_fits_several_is_an_error() {
    let fake = counting();
    let home = Home::with(&fake);
    home.say("one").ok();
    home.say("two").ok();
    let words = ["fits 2 sessions"];
    home.run(["sessions", "show", "0"]).code(1).complains(words);
    home.run(["run", "--session", "0", "-e", "three"]).code(1).complains(words);
    home.run(["run", "--session", " ", "-e", "three"]).code(1).complains(["empty"]);
    assert_eq!(fake.requests().len(), 2);
}

/// A session called `work` with a tool call in it.
fn worked() -> (FakeOpenAi, Home) {
    let fake = FakeOpenAi::start([
        Reply::text_and_calls("Let me see.", [("fs_list", json!({"path": "."}))]),
        Reply::text("There is a file called zebra.txt."),
        Reply::text("You are welcome \u{1b}[31m."),
    ]);
    let home = Home::with(&fake);
    home.write(&home.work().join("zebra.txt"), "stripes");
    home.run(["run", "--session", "work", "-e", "which animals are here?"]).ok();
    home.run(["run", "--session", "work", "-e", "thanks"]).ok();
    (fake, home)
}

#[test]
fn list_and_show() {
    let (_fake, home) = worked();
    let list = home.run(["sessions", "list"]).ok().out;
    for words in ["just now", "6 messages", "cli", "[work]", "which animals are here?"] {
        assert!(list.contains(words), "{words}: {list}");
    }
    let session = home.run(["sessions", "list", "--json"]).ok().json().remove(0);
    assert_eq!(
        (&session["name"], &session["messages"], &session["channel"]),
        (&json!("work"), &json!(6), &json!("cli"))
    );
    assert_eq!((&session["agent"], &session["title"]), (&json!("main"), &json!("which animals are here?")));

    let shown = home.run(["sessions", "show", "work"]).ok().out;
    for words in
        ["you which animals", "agent Let me see.", "→ fs.list .", "tool fs.list: ", "zebra.txt", "you thanks"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains('\x1b'));
    let messages = home.run(["sessions", "show", "work", "--json"]).ok().json();
    let roles: Vec<&Value> = messages.iter().map(|m| &m["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "assistant", "user", "assistant"]);
    assert_eq!(home.run(["sessions", "list", "--limit", "0"]).ok().out, "");
}

#[test]
fn search() {
    let (_fake, home) = worked();
    let found = home.run(["sessions", "search", "zebra"]).ok().out;
    assert!(found.contains("[zebra") && found.contains("assistant") && found.contains("tool"), "{found}");
    let hits = home.run(["sessions", "search", "animals", "here", "--json"]).ok().json();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0]["role"], "user");
    assert_eq!(hits[0]["session"], only(&home).as_str());
    assert_eq!(home.run(["sessions", "search", "zebra", "--limit", "1"]).ok().out.lines().count(), 1);
    home.run(["sessions", "search", "unicorn"]).code(1).complains(["nothing found"]);
    // What people type is words, not a query language.
    home.run(["sessions", "search", "NEAR(\"zebra* AND ("]).code(1).complains(["nothing found"]);
    home.run(["sessions", "search"]).code(2);
}

#[test]
fn name_and_remove() {
    let (_fake, home) = worked();
    home.run(["sessions", "name", "work", "zoo"]).ok();
    home.run(["sessions", "show", "work"]).code(1).complains(["\"work\"", "sessions list"]);
    home.run(["sessions", "show", "zoo"]).ok();

    let other = FakeOpenAi::start([Reply::text("hi")]);
    let home = home.env("OPENPISTA_BASE_URL", other.url());
    home.run(["run", "--session", "other", "-e", "hi"]).ok();
    home.run(["sessions", "name", "other", "zoo"]).code(1).complains(["zoo", "unique"]);

    // One that is not there: none is removed.
    home.run(["sessions", "rm", "zoo", "nobody"]).code(1).complains(["nobody"]);
    assert_eq!(home.run(["sessions", "list"]).ok().out.lines().count(), 2);
    home.run(["sessions", "rm", "zoo", "other"]).ok().complains(["removed", "6 messages", "2 messages"]);
    home.run(["sessions", "list"]).ok().complains(["no sessions"]);
    home.run(["sessions", "search", "zebra"]).code(1);
}

#[test]
fn a_home_without_sessions() {
    let home = Home::new();
    assert_eq!(home.run(["sessions", "list"]).ok().complains(["no sessions yet"]).out, "");
    assert_eq!(home.run(["sessions", "list", "--json"]).ok().out, "");
    for args in ["sessions show x", "sessions rm x", "sessions name x y"] {
        home.run(args.split(' ')).code(1).complains(["no session is called \"x\""]);
    }
}

#[test]
fn a_session_in_which_another_program_answers_is_busy() {
    let fake = FakeOpenAi::start([Reply::hang()]);
    let home = Home::with(&fake);
    let first = home.start(["run", "--session", "s", "-e", "one"], "");
    assert!(fake.saw_requests(1));
    let pid = first.id().to_string();
    home.run(["run", "--session", "s", "-e", "two"]).code(1).complains(["busy", &pid]);
    home.run(["sessions", "rm", "s"]).code(1).complains(["busy", &pid]);
    first.signal("INT");
    first.wait().code(130);
    home.run(["sessions", "rm", "s"]).ok();
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let fake = counting();
    let home = Home::with(&fake);
    let runs: Vec<_> = (0..8).map(|n| home.start(["run", "-e", &format!("number {n}")], "")).collect();
    for run in runs {
        let ran = run.wait().ok();
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("answer 1\n", ""));
    }
    assert_eq!(home.run(["sessions", "list"]).ok().out.lines().count(), 8);
}

#[test]
fn of_many_that_begin_one_session_at_once_one_does() {
    let fake = counting();
    let home = Home::with(&fake);
    let words: Vec<String> = (0..10).map(|number| format!("word {number}")).collect();
    let running: Vec<_> =
        words.iter().map(|word| home.start(["run", "--session", "fresh", "-e", word], "")).collect();
    let ran: Vec<_> = running.into_iter().map(|running| running.wait().ok()).collect();
    let begun = ran.iter().filter(|ran| ran.err.contains("new session")).count();
    assert_eq!(begun, 1, "{ran:#?}");
    let mut answers: Vec<_> = ran.iter().map(|ran| ran.out.trim().to_owned()).collect();
    answers.sort_by_key(|answer| answer.len());
    // Each saw what was said before it.
    let expected: Vec<_> = (1..=10).map(|number| format!("answer {number}")).collect();
    answers.sort_by_key(|answer| expected.iter().position(|wanted| wanted == answer));
    assert_eq!(answers, expected);
    assert_eq!(only(&home).len(), 26);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_command_of_a_turn_does_not_wait_for_that_turn() {
    let own = crate::support::program::PROGRAM;
    let fake = FakeOpenAi::answering(move |request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::call(
            "system_run",
            json!({"argv": [own, "run", "--session", "mine", "-e", "and this"], "timeout": 20}),
        ),
    });
    let home = Home::with(&fake).env("OPENPISTA_PASS_ENV", "[\"OPENPISTA_BASE_URL\", \"OPENPISTA_MODEL\"]");
    home.run(["run", "--yes", "--session", "mine", "-e", "go"]).ok();
    let requests = fake.requests();
    let result = requests[1].last_text();
    assert!(result.contains("is busy: this command is part of its turn"), "{result}");
}

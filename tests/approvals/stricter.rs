//! What is in force when a turn is taken up decides: it can take away what was asked about, and never
//! passes over the person.

use crate::{
    Serving, answers, awaits, phone, question, questions, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
    touching,
};
use serde_json::json;

/// Leaves a turn waiting, with its program dead: the question's id.
fn left(home: &Home, init: &str) -> String {
    home.init(init);
    let serving = Serving::start(home);
    say(home, "a", "ada", "ada", "touch one");
    let id = question(home, 1);
    serving.kill();
    id
}

/// The only result, after a yes was said to `id` and the configuration was changed to `init`.
fn after_yes(home: &Home, id: &str, init: &str) -> String {
    home.run(["approvals", "yes", id]).ok();
    home.init(init);
    let serving = Serving::start(home);
    awaits(home, "sent", "ada: Results: ");
    serving.end();
    answers(home, "ada").concat()
}

#[test]
fn a_rule_that_denies_now_is_stronger_than_the_yes() {
    let home = Home::with(&touching());
    let fake = touching();
    let home = home.env("OPENPISTA_BASE_URL", fake.url());
    let id = left(&home, &phone(""));
    let result =
        after_yes(&home, &id, &phone("pista.agent('main', { tools = { deny = { 'system.run' } } })"));
    assert!(result.contains("denied: not allowed") && result.contains("system.run"), "{result}");
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn so_is_a_hook() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    let denies = phone("pista.hook('tool_call', function() return pista.deny('not tonight') end)");
    let result = after_yes(&home, &id, &denies);
    assert!(result.contains("not tonight"), "{result}");
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn a_question_that_is_open_ends_where_the_call_is_denied() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    home.init(&phone("pista.agent('main', { tools = { deny = { 'system.run' } } })"));
    let serving = Serving::start(&home);
    awaits(&home, "sent", "ada: Results: denied: not allowed");
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: nobody waits"));
    serving.end();
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn while_the_program_runs_it_is_the_same() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::by(&home, "start");
    say(&home, "a", "ada", "ada", "touch one");
    let id = question(&home, 1);
    home.init(&phone(
        "pista.agent('main', { tools = { deny = { 'system.run' } } })
        pista.on('reload', function() sh('echo reloaded >> events') end)",
    ));
    serving.reload();
    awaits(&home, "events", "reloaded");
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    let sent = awaits(&home, "sent", "ada: Results: ");
    serving.end();
    assert!(sent.contains("denied: not allowed"), "{sent}");
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn a_tool_that_is_gone_does_not_run() {
    let fake = FakeOpenAi::answering(|request| {
        match request.messages().last().expect("messages")["role"].as_str() {
            Some("tool") => Reply::text(format!("Results: {}", request.last_text())),
            _ => Reply::call("note", json!({ "text": "one" })),
        }
    });
    let home = Home::with(&fake);
    let tool = "pista.tool { name = 'note', description = 'notes', parameters = { text = 'string' },
        run = function(args) sh('echo $1 >> made', args.text) return 'noted' end }";
    let id = left(&home, &phone(tool));
    let result = after_yes(&home, &id, &phone(""));
    assert!(result.contains("there is no tool called \"note\""), "{result}");
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn other_arguments_are_asked_about_anew() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    home.run(["approvals", "yes", &id]).ok();
    home.init(&phone(
        "pista.hook('tool_call', function(call)
            if call.name == 'system.run' then return { args = { argv = { 'sh', '-c', 'echo other >> made' } } } end
        end)",
    ));
    let serving = Serving::start(&home);
    let second = question(&home, 2);
    assert_ne!(id, second);
    assert!(read(&home, "sent").contains("echo other >> made"));
    assert_eq!(read(&home, "made"), "");
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over"));
    assert_eq!(read(&home, "made"), "");
    say(&home, "c", "ada", "ada", &format!("yes {second}"));
    awaits(&home, "sent", "ada: Results: exit code 0");
    serving.end();
    assert_eq!(read(&home, "made"), "other\n");
}

#[test]
fn a_yes_is_good_for_the_very_call_alone() {
    for question_too in [false, true] {
        let fake = touching();
        let home = Home::with(&fake);
        let id = left(&home, &phone(""));
        home.run(["approvals", "yes", &id]).ok();
        // Somebody who can write the database changes what was asked for, behind the question's back.
        let database = rusqlite::Connection::open(home.database()).expect("a database");
        let change = |table: &str, column: &str| {
            let sql = format!("UPDATE {table} SET {column} = replace({column}, 'echo one', 'echo evil')");
            assert!(database.execute(&sql, []).expect("changed") > 0);
        };
        change("messages", "tool_calls");
        if question_too {
            change("approvals", "request");
        }
        drop(database);
        let serving = Serving::start(&home);
        let second = question(&home, 2);
        assert_eq!(read(&home, "made"), "");
        say(&home, "b", "ada", "ada", &format!("no {second}"));
        awaits(&home, "sent", "ada: Results: denied: the user said no");
        serving.end();
        assert_eq!(read(&home, "made"), "");
    }
}

#[test]
fn an_answer_of_somebody_who_does_not_decide_any_more_is_none() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    home.init(&phone(
        "pista.hook('approval', function() return pista.ask { to = 'phone:bob', timeout = 20 } end)",
    ));
    let serving = Serving::start(&home);
    let second = question(&home, 2);
    awaits(&home, "sent", "bob: main wants to run");
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: nobody waits"));
    assert_eq!(read(&home, "made"), "");
    say(&home, "c", "bob", "bob", &format!("yes {second}"));
    awaits(&home, "sent", "ada: Results: exit code 0");
    serving.end();
}

#[test]
fn what_is_allowed_by_now_still_waits_for_the_person() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    home.init(&phone("pista.agent('main', { tools = { allow = { 'system.run' } } })"));
    let serving = Serving::start(&home);
    say(&home, "b", "ada", "ada", "/status");
    awaits(&home, "sent", ": answering");
    assert_eq!(read(&home, "made"), "");
    say(&home, "c", "ada", "ada", &format!("no {id}"));
    awaits(&home, "sent", "ada: Results: denied: the user said no");
    serving.end();
    assert_eq!((read(&home, "made"), questions(&home).len()), (String::new(), 1));
}

#[test]
fn who_may_not_speak_any_more_does_not_answer() {
    let fake = touching();
    let home = Home::with(&fake);
    let id = left(&home, &phone(""));
    home.init(&phone("").replace("'ada', 'bob'", "'bob'"));
    let serving = Serving::start(&home);
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "receipts", "b refused");
    say(&home, "c", "ada", "-", &format!("press {id} yes"));
    awaits(&home, "pressed", "You may not answer here.");
    assert_eq!(read(&home, "made"), "");
    // Those who may approve now are asked anew.
    let asked = || home.run(["approvals", "list", "--json"]).ok().json();
    assert!(until(|| asked().first().is_some_and(|question| question["id"] != id.as_str())), "{:?}", asked());
    let question = asked().remove(0);
    assert_eq!(question["people"][0]["user"], "bob", "{question}");
    home.run(["approvals", "no", question["id"].as_str().unwrap()]).ok();
    awaits(&home, "sent", "ada: Results: denied: the user said no");
    serving.end();
}

#[test]
fn an_agent_that_is_gone_ends_the_turn() {
    let fake = touching();
    let home = Home::with(&fake);
    let channel =
        |agent: &str| phone("").replace("start = start", &format!("agent = '{agent}', start = start"));
    let id = left(&home, &format!("pista.agent('helper', {{}})\n{}", channel("helper")));
    home.init(&channel("main"));
    let serving = Serving::start(&home);
    let sent = awaits(&home, "sent", "ada: error: ");
    assert!(sent.contains("there is no agent \"helper\""), "{sent}");
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: nobody waits"));
    say(&home, "c", "ada", "ada", "hello");
    awaits(&home, "sent", "ada: You said");
    serving.end();
    assert_eq!(read(&home, "made"), "");
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

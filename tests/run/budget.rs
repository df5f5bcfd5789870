//! What a turn and a day may cost.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::{Value, json};

const PRICED: &str = "pista.setup { model = 'paid/m' }
    pista.provider('paid', { base_url = 'URL', price = { input = 1000, output = 2000 } })
    pista.agent('main', { prompt = 'Short.', tools = { deny = { '*' } }, budget = { usd_per_day = LIMIT } })
    pista.agent('other', { prompt = 'Short.', tools = { deny = { '*' } } })";

fn priced(fake: &FakeOpenAi, limit: &str) -> Home {
    let home = Home::new();
    home.init(&PRICED.replace("URL", &fake.url()).replace("LIMIT", limit));
    home
}

#[test]
fn a_turn_ends_when_its_tokens_are_used() {
    let fake = FakeOpenAi::answering(|request| {
        let n = request.messages().len();
        Reply::call("system_run", json!({"argv": ["seq", n.to_string(), "400"]}))
    });
    let home = Home::with(&fake);
    home.init("pista.agent('main', { prompt = 'Short.', budget = { tokens_per_turn = 6000 } })");
    let ran = home.run(["run", "--yes", "--session", "s", "--json", "-e", "go"]).code(1);
    let failed = ran.json().pop().expect("events");
    assert_eq!((&failed["type"], &failed["kind"]), (&json!("failed"), &json!("budget")));
    assert!(failed["error"].as_str().is_some_and(|e| e.contains("tokens_per_turn") && e.contains("6000")));
    let used = failed["usage"]["input"].as_u64().zip(failed["usage"]["output"].as_u64()).map(|(i, o)| i + o);
    assert!(used.is_some_and(|used| 0 < used && used <= 6000), "{used:?}");
    assert!(fake.requests().len() > 1, "some of it was done");
    // The next turn has a budget of its own, and a valid history.
    home.init("pista.agent('main', { prompt = 'Short.', budget = { tokens_per_turn = 60000 } })");
    let before = fake.count();
    home.run(["run", "--yes", "--session", "s", "-e", "go on"]);
    assert!(fake.count() > before);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_prompt_beyond_the_budget_is_never_sent() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { budget = { tokens_per_turn = 10 } })");
    home.say("hi").code(1).complains(["tokens_per_turn", "budget of 10"]);
    assert_eq!(fake.requests().len(), 0);
}

#[test]
fn the_answer_may_not_be_longer_than_the_budget_allows() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { prompt = 'Short.', tools = { deny = { '*' } }, budget = { tokens_per_turn = 500 } })");
    home.say("hi").ok();
    let body = &fake.requests()[0].body;
    let limit = body.get("max_tokens").or(body.get("max_completion_tokens")).and_then(Value::as_u64);
    assert!(limit.is_some_and(|limit| limit < 500), "{body}");
}

#[test]
fn a_day_ends_when_its_money_is_spent() {
    let fake = FakeOpenAi::answering(|_| Reply::text("one hundred words ".repeat(10)));
    // About 20 tokens in and 45 out, at 0.001 and 0.002 dollars: 11 cents a turn.
    let home = priced(&fake, "0.15");
    let ran = home.run(["run", "--json", "-e", "hi"]).ok();
    let done = ran.json().pop().expect("events");
    let usd = done["usage"]["usd"].as_f64().expect("a price");
    let usage = |key: &str| done["usage"][key].as_f64().expect("tokens");
    assert!((usd - usage("input") * 0.001 - usage("output") * 0.002).abs() < 1e-9, "{done}");
    let mut turns = 1;
    let refused = loop {
        let ran = home.say("hi");
        if ran.code != Some(0) {
            break ran;
        }
        turns += 1;
        assert!(turns < 10, "it never ends");
    };
    refused.code(1).complains(["usd_per_day", "$0.15", "midnight"]);
    assert_eq!(fake.requests().len(), turns);
    // What was removed stays spent, and other agents have budgets of their own.
    let list = home.run(["sessions", "list", "--json"]).ok().json();
    let mut rm = vec!["sessions".to_owned(), "rm".to_owned()];
    rm.extend(list.iter().filter_map(|s| s["id"].as_str()).map(str::to_owned));
    home.run(rm).ok();
    home.say("hi").code(1).complains(["usd_per_day"]);
    home.run(["run", "--agent", "other", "-e", "hi"]).ok();
}

#[test]
fn a_budget_in_money_needs_a_price() {
    let home = Home::new();
    home.init(
        "pista.provider('far', { base_url = 'https://models.invalid/v1', model = 'm' })
        pista.agent('main', { budget = { usd_per_day = 1 } })",
    );
    home.say("hi").code(1).complains(["price", "far", "pista.provider"]);
    // A server on this machine costs nothing.
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { budget = { usd_per_day = 0.01 } })");
    home.say("hi").ok();
}

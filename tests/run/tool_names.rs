//! Names of tools, from the configuration to the model and back.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Request},
    program::Home,
};
use serde_json::json;

const TOOLS: &str = "local function tool(name) \
      pista.tool { name = name, description = name, parameters = { city = 'string' }, effect = 'read', \
        run = function(args) return name .. ' says: sunny in ' .. args.city end } \
    end ";

fn offered(request: &Request) -> Vec<&str> {
    let tools = request.body["tools"].as_array().expect("tools");
    tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect()
}

fn last_result(request: &Request) -> &str {
    let results = request.messages().iter().filter(|message| message["role"] == "tool");
    results.filter_map(|message| message["content"].as_str()).next_back().expect("a result")
}

#[test]
fn a_name_may_have_hyphens() {
    for said in ["get-weather", "get_weather", "Get-Weather", "functions.get-weather"] {
        let fake = FakeOpenAi::start([Reply::call(said, json!({ "city": "Oslo" })), Reply::text("done")]);
        let home = Home::with(&fake);
        home.init(&format!("{TOOLS} tool('get-weather') tool('home-lab.x-y')"));
        home.say("weather?").ok();
        let requests = fake.requests();
        assert!(offered(&requests[0]).contains(&"get-weather"), "{:?}", offered(&requests[0]));
        assert!(offered(&requests[0]).contains(&"home-lab_x-y"), "{:?}", offered(&requests[0]));
        assert_eq!(last_result(&requests[1]), "get-weather says: sunny in Oslo", "{said}");
        assert_eq!(fake.refusals(), [""; 0]);
    }
    let home = Home::new();
    home.init(&format!(
        "{TOOLS} tool('get-weather') pista.agent('main', {{ tools = {{ deny = {{ 'get-*' }} }} }})"
    ));
    home.run(["check"]).ok();
    let told = home.run(["policy", "explain", "--json", "get-weather", r#"{"city":"Oslo"}"#]).ok().json();
    assert_eq!(told[0]["outlook"], "deny");
    for name in ["-weather", "get-", "a.-b", "a-.b", "a--b", "get weather", "Get"] {
        home.init(&format!("{TOOLS} tool('{name}')"));
        let ran = home.run(["check"]);
        // Two hyphens are as good as one.
        assert_eq!(ran.code == Some(0), name == "a--b", "{name}: {ran:?}");
    }
}

#[test]
fn tools_whose_names_are_alike_stay_apart_and_are_told_of() {
    let names = ["sky-now", "sky_now", "sky.now"];
    let fake = FakeOpenAi::answering(|request| {
        let done = request.messages().iter().filter(|message| message["role"] == "tool").count();
        let alike = offered(request).into_iter().filter(|name| name.starts_with("sky"));
        match alike.map(str::to_owned).nth(done) {
            Some(name) => Reply::call(&name, json!({ "city": "Oslo" })),
            None => Reply::text("done"),
        }
    });
    let home = Home::with(&fake);
    home.init(&format!("{TOOLS} tool('sky-now') tool('sky_now')\ntool('sky.now')"));
    home.say("weather?").ok();
    let last = fake.requests().pop().expect("a request");
    let results = last.messages().iter().filter(|message| message["role"] == "tool");
    let mut said: Vec<String> =
        results.filter_map(|message| message["content"].as_str().map(str::to_owned)).collect();
    said.sort_unstable();
    let mut wanted: Vec<String> = names.iter().map(|name| format!("{name} says: sunny in Oslo")).collect();
    wanted.sort_unstable();
    assert_eq!(said, wanted);
    assert_eq!(fake.refusals(), [""; 0]);
    let checked = home.run(["check"]).ok();
    let told = format!("{}{}", checked.out, checked.err);
    assert!(told.contains("models know the tool \"sky.now\" as \"sky_now_"), "{told}");
    assert!(told.contains("\"sky-now\" and \"sky_now\" have one name in programs"), "{told}");
}

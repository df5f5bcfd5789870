//! A model that is named is asked, or nobody is.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Rules},
    program::Home,
};
use serde_json::json;

fn fake() -> FakeOpenAi {
    FakeOpenAi::answering(|_| Reply::text("from another server"))
}

#[test]
fn an_agent_whose_provider_is_misspelt_is_an_error_at_its_line() {
    let fake = fake();
    for setup in ["", "pista.provider('mine', { base_url = 'URL' })"] {
        let home = if setup.is_empty() { Home::new() } else { Home::with(&fake) };
        let setup = setup.replace("URL", &fake.url());
        home.init(&format!("{setup}\npista.agent('coder', {{ model = 'antropic/claude' }})"));
        for args in [&["check"][..], &["run", "-e", "hi"], &["run", "--agent", "coder", "-e", "hi"]] {
            let ran = home.run(args).code(78);
            ran.complains(["init.lua:2", "coder", "antropic", "did you mean", "anthropic"]);
        }
        let checked = home.run(["check", "--json"]).code(78);
        assert_eq!(checked.json()[0]["line"], json!(2), "{checked:?}");
    }
    assert_eq!(fake.count(), 0);
}

#[test]
fn a_model_that_is_named_for_this_run_goes_to_no_other_server() {
    let fake = fake();
    let declared = Home::new();
    declared.init(&format!("pista.provider('mine', {{ base_url = '{}', model = 'm' }})", fake.url()));
    let keyed = Home::new().env("OPENAI_API_KEY", "sk-0123456789abcdef").env("OPENAI_BASE_URL", fake.url());
    for home in [Home::with(&fake), declared, keyed, Home::new()] {
        for model in ["nosuch/x", "antropic/claude", "mime/x"] {
            home.run(["run", "--model", model, "-e", "hi"]).code(78).complains([model]);
        }
    }
    assert_eq!(fake.count(), 0);
}

#[test]
fn the_demo_stands_in_for_no_model_that_is_named() {
    let home = Home::new().env("OPENPISTA_LOCAL_SERVERS", "[]");
    home.run(["run", "--model", "gpt-5", "-e", "hi"]).code(78).complains(["gpt-5", "OPENAI_API_KEY"]);
    home.init("pista.agent('main', { model = 'gpt-5' })");
    home.run(["check"]).code(78).complains(["init.lua:1", "gpt-5"]);
    home.run(["run", "-e", "hi"]).code(78).complains(["gpt-5"]);
    home.init("pista.hook('model', function(call) call.model = 'gpt-5' return call end)");
    home.run(["run", "-e", "hi"]).code(78).complains(["gpt-5"]);
    home.init("");
}

#[test]
fn a_model_with_a_slash_belongs_to_the_one_server_that_base_url_gives() {
    let fake =
        FakeOpenAi::answering(|request| Reply::text(request.body["model"].as_str().unwrap_or_default()));
    let home = Home::with(&fake).env("OPENPISTA_MODEL", "meta-llama/Llama-3.1-8B");
    assert_eq!(home.say("hi").ok().out, "meta-llama/Llama-3.1-8B\n");
    assert_eq!(home.run(["run", "--model", "server/vendor/big", "-e", "hi"]).ok().out, "vendor/big\n");
    let home = home.env("OPENPISTA_MODEL", "antropic/claude");
    home.say("hi").code(78).complains(["antropic", "did you mean \"anthropic\"?"]);
}

#[test]
fn a_model_that_a_local_server_lists_is_its() {
    let models = ["other", "qwen/qwen3-4b"].map(|id| json!({"id": id, "object": "model", "owned_by": "x"}));
    let rules = Rules { models: models.into(), ..Rules::default() };
    let fake = FakeOpenAi::answering_with(rules, |request| {
        Reply::text(request.body["model"].as_str().unwrap_or_default())
    });
    let home = Home::new().env("OPENPISTA_LOCAL_SERVERS", fake.url());
    assert_eq!(home.run(["run", "--model", "qwen/qwen3-4b", "-e", "hi"]).ok().out, "qwen/qwen3-4b\n");
    home.run(["run", "--model", "nosuch/x", "-e", "hi"]).code(78).complains(["nosuch/x"]);
}

#[test]
fn a_key_that_is_not_there_is_warned_of() {
    let home = Home::new();
    home.init(
        "pista.provider('mine', { base_url = 'http://127.0.0.1:9/v1', api_key = pista.secret('env:MINE_KEY') })
         pista.agent('other', { model = 'anthropic/claude' })",
    );
    let ran = home.run(["check"]).ok();
    ran.complains([
        "init.lua:1",
        "MINE_KEY is not set",
        "the provider anthropic has no key",
        "ANTHROPIC_API_KEY",
    ]);
    let home = home.env("MINE_KEY", "sk-0123456789").env("ANTHROPIC_API_KEY", "sk-0123456789");
    assert_eq!(home.run(["check"]).ok().err, "");
}

#[test]
fn a_fallback_that_names_no_provider_is_an_error() {
    let home = Home::new();
    home.init("pista.provider('mine', { base_url = 'http://127.0.0.1:9/v1', fallback = { 'mime/x' } })");
    home.run(["check"]).code(78).complains(["init.lua:1", "mime/x", "did you mean \"mine\"?"]);
}

#[test]
fn a_channel_of_an_agent_that_is_not_there_is_an_error() {
    let home = Home::new();
    home.init("pista.agent('coder', {})\npista.channel('x', { agent = 'codre', send = function() end })");
    home.run(["check"]).code(78).complains(["init.lua:2", "codre"]);
}

#[test]
fn a_script_that_names_no_providers_model_is_told() {
    let home = Home::with(&fake());
    let script = home.write(
        &home.work().join("ask.lua"),
        "print(pcall(pista.llm.chat, { prompt = 'x', model = 'nosuch/x' }))",
    );
    let ran = home.run(["lua", script.to_str().expect("text")]);
    assert!(format!("{}{}", ran.out, ran.err).contains("no provider is called"), "{ran:?}");
}

#[test]
fn a_piped_run_tells_the_model_by_its_full_name() {
    let fake = fake();
    let home = Home::new().env("OPENPISTA_BASE_URL", fake.url());
    let events = home.run(["run", "--json", "-e", "hi"]).ok().json();
    let model = |kind: &str| events.iter().find(|e| e["type"] == kind).expect("an event")["model"].clone();
    assert_eq!((model("start"), model("done")), (json!("server/fake-model"), json!("server/fake-model")));
}

#[test]
fn what_holds_for_local_servers_is_shown() {
    let home = Home::new();
    let shown = home.run(["config", "show"]).ok().out;
    for line in ["first_token_timeout       = 120", "local_first_token_timeout = 300"] {
        assert!(shown.contains(line), "{shown}");
    }
    let home = home.env("OPENPISTA_FIRST_TOKEN_TIMEOUT", "7");
    let shown = home.run(["config", "show", "--origin"]).ok().out;
    let line = shown.lines().find(|line| line.starts_with("local_first_token")).unwrap_or_default();
    assert!(line.contains("= 7") && line.contains("OPENPISTA_FIRST_TOKEN_TIMEOUT"), "{shown}");
}

//! Which model answers, as which agent.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};

fn named(name: &'static str) -> FakeOpenAi {
    FakeOpenAi::answering(move |request| {
        Reply::text(format!("{name} {}", request.body["model"].as_str().unwrap_or_default()))
    })
}

const TWO: &str = "pista.setup { model = 'a/one' }
    pista.provider('a', { base_url = 'URL_A', model = 'usual-a' })
    pista.provider('b', { base_url = 'URL_B', model = 'usual-b' })
    pista.agent('main', { prompt = 'You are main.' })
    pista.agent('helper', { model = 'b/clever', prompt = 'You are helper.', tools = { deny = { '*' } } })";

fn two(a: &FakeOpenAi, b: &FakeOpenAi) -> Home {
    let home = Home::new();
    home.init(&TWO.replace("URL_A", &a.url()).replace("URL_B", &b.url()));
    home
}

#[test]
fn models_by_flag_variable_and_setting() {
    let (a, b) = (named("a"), named("b"));
    let home = two(&a, &b);
    let said = |home: &Home, args: &[&str]| home.run([&["run", "-e", "hi"], args].concat()).ok().out;
    assert_eq!(said(&home, &[]), "a one\n");
    assert_eq!(said(&home, &["--model", "b/two"]), "b two\n");
    assert_eq!(said(&home, &["--model", "b"]), "b usual-b\n");
    assert_eq!(said(&home, &["--agent", "helper"]), "b clever\n");
    assert_eq!(said(&home, &["--agent", "helper", "--model", "a/x/y:z"]), "a x/y:z\n");
    let home = home.env("OPENPISTA_MODEL", "b/from-env");
    assert_eq!(said(&home, &[]), "b from-env\n");
    assert_eq!(said(&home, &["--model", "a/flag"]), "a flag\n");
    let home = home.unset("OPENPISTA_MODEL").env("OPENPISTA_AGENT", "helper");
    assert_eq!(said(&home, &[]), "b clever\n");
    assert_eq!(said(&home, &["--agent", "main"]), "a one\n");
}

#[test]
fn an_agent_brings_its_prompt_and_its_rules() {
    let (a, b) = (named("a"), named("b"));
    let home = two(&a, &b);
    home.run(["run", "--agent", "helper", "-e", "hi"]).ok();
    let request = b.requests().remove(0);
    assert_eq!(request.messages()[0]["content"], "You are helper.");
    assert!(request.body.get("tools").is_none());
    home.say("hi").ok();
    assert_eq!(a.requests()[0].messages()[0]["content"], "You are main.");
    assert!(a.requests()[0].body["tools"].is_array());
}

#[test]
fn a_session_stays_with_its_agent() {
    let (a, b) = (named("a"), named("b"));
    let home = two(&a, &b);
    home.run(["run", "--session", "s", "--agent", "helper", "-e", "hi"]).ok();
    assert_eq!(home.run(["run", "--session", "s", "-e", "again"]).ok().out, "b clever\n");
    assert_eq!(home.run(["run", "--session", "s", "--agent", "main", "-e", "again"]).ok().out, "a one\n");
    assert_eq!(a.requests()[0].messages().len(), 6, "with all that was said");
    assert_eq!((a.refusals(), b.refusals()), (vec![], vec![]));
}

#[test]
fn several_providers_need_a_choice() {
    let home = Home::new();
    home.init(
        "pista.provider('a', { base_url = 'http://127.0.0.1:1/v1' })
        pista.provider('b', { base_url = 'http://127.0.0.1:1/v1' })",
    );
    home.say("hi").code(78).complains(["a, b", "pista.setup { model ="]);
    home.run(["run", "--model", "c/x", "-e", "hi"]).code(78).complains(["c/x"]);
}

#[test]
fn the_next_model_of_the_chain_answers_when_one_fails() {
    let first = FakeOpenAi::answering(|_| Reply::error(500, "on fire"));
    let (second, third) = (FakeOpenAi::answering(|_| Reply::no_answer()), named("third"));
    let home = Home::new().env("OPENPISTA_RETRIES", "0");
    home.init(&format!(
        "pista.setup {{ model = 'first/m' }}
        pista.provider('first', {{ base_url = '{}', fallback = {{ 'second/m', 'third/m3' }} }})
        pista.provider('second', {{ base_url = '{}' }})
        pista.provider('third', {{ base_url = '{}' }})",
        first.url(),
        second.url(),
        third.url()
    ));
    assert_eq!(home.say("hi").ok().out, "third m3\n");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
    assert_eq!(third.refusals(), [""; 0]);
}

#[test]
fn a_model_that_fails_in_the_midst_of_its_answer_is_replaced() {
    let first =
        FakeOpenAi::answering(|_| Reply::text("a false start ".repeat(30)).cut_after(2000).then_disconnect());
    let second = named("second");
    let home = Home::new().env("OPENPISTA_RETRIES", "0");
    home.init(&format!(
        "pista.setup {{ model = 'first/m' }}
        pista.provider('first', {{ base_url = '{}', fallback = {{ 'second/m' }} }})
        pista.provider('second', {{ base_url = '{}' }})",
        first.url(),
        second.url()
    ));
    let ran = home.say("hi").ok().complains(["trying again"]);
    assert_eq!(ran.out, "second m\n");
}

#[test]
fn a_busy_server_is_asked_again() {
    let fake = FakeOpenAi::start([Reply::error(503, "busy"), Reply::rate_limited(0), Reply::text("at last")]);
    assert_eq!(Home::with(&fake).say("hi").ok().out, "at last\n");
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_base_url_is_enough() {
    let fake = named("fake");
    let home = Home::new().env("OPENPISTA_BASE_URL", fake.url());
    assert_eq!(home.say("hi").ok().out, "fake fake-model\n");
    home.run(["run", "--model", "other", "-e", "hi"]).ok();
    assert_eq!(fake.requests()[1].body["model"], "other");
}

#[test]
fn a_key_from_a_file_or_a_command() {
    let fake = named("fake");
    let home = Home::new();
    home.write(&home.config().join("key"), "key-from-a-file\n");
    let lua = "pista.provider('mine', { base_url = 'URL', model = 'm', api_key = KEY })"
        .replace("URL", &fake.url());
    for (key, sent) in [
        ("pista.secret('file:key')", "Bearer key-from-a-file"),
        ("pista.secret('cmd:echo key-from-a-command')", "Bearer key-from-a-command"),
        ("pista.secret('env:SOME_KEY')", "Bearer key-from-the-environment"),
    ] {
        home.init(&lua.replace("KEY", key));
        let mut command = home.command(["run", "-e", "hi"]);
        command.env("SOME_KEY", "key-from-the-environment");
        crate::support::program::Running::start(command, b"").wait().ok();
        assert_eq!(fake.requests().pop().expect("a request").header("authorization"), Some(sent));
    }
    home.init(&lua.replace("KEY", "pista.secret('env:NOT_SET')"));
    home.say("hi").code(78).complains(["NOT_SET"]);
    home.init(&lua.replace("KEY", "'sk-the-key-itself-0123'"));
    let ran = home.say("hi").code(78).complains(["init.lua:1", "env:"]);
    assert!(!ran.err.contains("the-key-itself"), "{}", ran.err);
}

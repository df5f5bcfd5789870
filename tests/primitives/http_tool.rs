//! `http.get`, as models have it.

use crate::{
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
    web::{Page, Site},
};
use serde_json::json;

fn asking(url: &str) -> FakeOpenAi {
    FakeOpenAi::start([Reply::call("http_get", json!({"url": url})), Reply::text("done")])
}

#[test]
fn a_model_asks_before_it_fetches_and_gets_the_page_as_it_is() {
    let site = Site::start(|_| Page::new("<p>hello</p>").header("content-type", "text/html"));
    let open = |home: Home| home.env("OPENPISTA_HTTP_ALLOW", format!("127.0.0.1:{}", site.port()));
    let fake = asking(&site.url("/a"));
    open(Home::with(&fake)).say("look").ok();
    assert!(fake.requests()[1].last_text().contains("nobody can be asked"));
    assert_eq!(site.connections(), 0);
    let fake = asking(&site.url("/a"));
    let home = open(Home::with(&fake));
    home.init("pista.agent('main', { tools = { allow = { 'http.get' } } })");
    home.say("look").ok();
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.starts_with("HTTP 200 from ") && told.contains("text/html, 12 bytes"), "{told}");
    assert!(told.ends_with("\n\n<p>hello</p>"), "{told}");
}

#[test]
fn a_model_reaches_nothing_that_the_user_did_not_open() {
    let site = Site::start(|_| Page::new("secret"));
    let fake = asking(&site.url("/"));
    let home = Home::with(&fake);
    home.init("pista.agent('main', { tools = { allow = { 'http.get' } } })");
    home.say("look").ok();
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.contains("not open") && !told.contains("\n\nsecret"), "{told}");
    assert_eq!(site.connections(), 0);
}

#[test]
fn a_model_cannot_open_addresses_itself() {
    let site = Site::start(|_| Page::new("secret"));
    let arguments = json!({"url": site.url("/"), "allow_cidrs": ["127.0.0.0/8"]});
    let fake = FakeOpenAi::start([Reply::call("http_get", arguments), Reply::text("done")]);
    let home = Home::with(&fake);
    home.init("pista.agent('main', { tools = { allow = { 'http.get' } } })");
    home.say("look").ok();
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.contains("no argument \"allow_cidrs\""), "{told}");
    assert_eq!(site.connections(), 0);
}

//! Requests and answers.

use crate::{
    fails, shows,
    support::program::Home,
    web::{Page, Site},
};

const OPEN: &str = "allow_cidrs = { '127.0.0.1' }";

#[test]
fn an_answer_is_told_whole() {
    let site = Site::start(|visit| match visit.path.as_str() {
        "/json" => {
            Page::new(r#"{"a":[1,2]}"#).header("content-type", "application/problem+json; charset=utf-8")
        }
        "/broken" => Page::new("{").header("content-type", "application/json"),
        "/bytes" => Page::new(vec![0, 255, 10]).header("X-Twice", "a").header("X-Twice", "b"),
        _ => Page::new("gone").status(404),
    });
    let get = |path: &str, rest: &str| format!("pista.http.get('{}', {{ {OPEN} }}){rest}", site.url(path));
    let shown = shows(
        &Home::new(),
        [
            get("/json", ".json.a[2]").as_str(),
            &get("/broken", ".json"),
            &get("/bytes", ".body:byte(1, -1)"),
            &get("/bytes", ".headers['x-twice']"),
            &format!(
                "(function() local r = {} return r.status, r.ok, r.body, r.url end)()",
                get("/none?a=b#c", "")
            ),
        ],
    );
    let url = format!("{:?}", site.url("/none?a=b"));
    assert_eq!(shown, ["2", "nil", "0, 255, 10", "\"a, b\"", &format!("404, false, \"gone\", {url}")]);
    let visit = &site.visits()[0];
    assert!(visit.header("user-agent").is_some_and(|agent| agent.starts_with("openpista/")), "{visit:?}");
    assert_eq!(visit.header("accept-encoding"), None);
}

#[test]
fn a_request_is_sent_as_given() {
    let site = Site::start(|_| Page::new("ok"));
    let url = site.url("/x");
    shows(
        &Home::new(),
        [
            format!(
                "pista.http.request {{ method = 'post', url = '{url}', json = {{ a = 1 }}, {OPEN} }}.status"
            )
            .as_str(),
            &format!(
                "pista.http.request {{ method = 'PUT', url = '{url}', body = 'plain', {OPEN}, \
                 headers = {{ ['X-Number'] = 7, ['content-type'] = 'text/x' }} }}.status"
            ),
            &format!("pista.http.request {{ url = '{url}', {OPEN} }}.status"),
        ],
    );
    let visits = site.visits();
    let told: Vec<_> = visits
        .iter()
        .map(|v| (v.method.as_str(), v.header("content-type"), v.header("x-number"), v.body.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("POST", Some("application/json"), None, r#"{"a":1}"#),
            ("PUT", Some("text/x"), Some("7"), "plain"),
            ("GET", None, None, ""),
        ]
    );
}

#[test]
fn redirects_are_followed_as_browsers_do() {
    let site = Site::start(|visit| match visit.path.as_str() {
        "/303" => Page::to(303, "/end"),
        "/302" => Page::to(302, "end"),
        "/307" => Page::to(307, "/end"),
        _ => Page::new("here"),
    });
    let post = |path: &str, more: &str| {
        format!(
            "pista.http.request {{ method = 'POST', url = '{}', body = 'b', {OPEN} {more} }}.status",
            site.url(path)
        )
    };
    let shown = shows(
        &Home::new(),
        [post("/303", "").as_str(), &post("/302", ""), &post("/307", ""), &post("/303", ", redirects = 0")],
    );
    assert_eq!(shown, ["200", "200", "200", "303"]);
    let visits = site.visits();
    let ends: Vec<_> =
        visits.iter().filter(|v| v.path == "/end").map(|v| (v.method.as_str(), v.body.as_str())).collect();
    assert_eq!(ends, [("GET", ""), ("GET", ""), ("POST", "b")]);
}

#[test]
fn limits_hold() {
    let site = Site::start(|visit| match visit.path.as_str() {
        "/hang" => Page::hanging(),
        _ => Page::new("x".repeat(100_000)),
    });
    let home = Home::new();
    let get = |path: &str, more: &str| format!("pista.http.get('{}', {{ {OPEN}, {more} }})", site.url(path));
    let (kind, message) = fails(&home, &get("/long", "max_bytes = 99999"));
    assert_eq!(kind, "io", "{message}");
    assert!(message.contains("99999 bytes"), "{message}");
    assert_eq!(shows(&home, [format!("#{}.body", get("/long", "max_bytes = 100000")).as_str()]), ["100000"]);
    let (kind, message) = fails(&home, &get("/hang", "timeout = 0.3"));
    assert_eq!(kind, "timeout", "{message}");
    assert!(message.contains("0.3 s"), "{message}");
}

#[test]
fn wrong_requests_say_what_is_wrong() {
    let home = Home::new();
    for (options, word) in [
        ("tiemout = 1", "timeout"),
        ("timeout = 601", "at most 600"),
        ("max_bytes = 1e9", "at most"),
        ("redirects = 21", "from 0 to 20"),
        ("allow_cidrs = { 'localhost' }", "127.0.0.0/8"),
        ("headers = { ['a b'] = 'c' }", "no name of a header"),
        ("headers = { a = 'b\\r\\nc: d' }", "character"),
        ("headers = { host = 'other' }", "set by the engine"),
        ("headers = { a = true }", "a string, a secret"),
        ("headers = { 'a' }", "names are strings"),
    ] {
        let (kind, message) = fails(&home, &format!("pista.http.get('http://1.1.1.1/', {{ {options} }})"));
        assert_eq!(kind, "usage", "{options}: {message}");
        assert!(message.contains(word) && message.contains("pista.http.get"), "{options}: {message}");
    }
    let (_, message) = fails(&home, "pista.http.request { url = 'http://1.1.1.1/', body = 'a', json = 1 }");
    assert!(message.contains("either body or json"), "{message}");
    let (_, message) = fails(&home, "pista.http.request { url = 'http://1.1.1.1/', method = 'G ET' }");
    assert!(message.contains("no method"), "{message}");
    let (kind, message) = fails(&home, "pista.http.get('http://no-such-host.invalid/')");
    assert_eq!(kind, "io", "{message}");
    assert!(message.contains("no-such-host.invalid"), "{message}");
}

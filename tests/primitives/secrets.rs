//! A secret is used where it belongs and readable nowhere.

use crate::{
    fails, shows,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
    web::{Page, Site},
};

const VALUE: &str = "canary-5f2e9c1b7a";

fn home() -> Home {
    Home::new().env("MY_TOKEN", VALUE)
}

#[test]
fn a_secret_goes_into_headers_and_comes_back_from_nowhere() {
    let site = Site::start(|visit| {
        let sent = visit.header("authorization").unwrap_or_default().to_owned();
        Page::new(format!("you sent {sent}")).header("x-echo", &sent)
    });
    let get = format!(
        "pista.http.get('{}', {{ allow_cidrs = {{ '127.0.0.1' }}, \
         headers = {{ Authorization = {{ 'Bearer ', pista.secret('env:MY_TOKEN') }} }} }})",
        site.url("/")
    );
    let shown = shows(&home(), [format!("{get}.body").as_str(), &format!("{get}.headers['x-echo']")]);
    assert_eq!(shown, ["\"you sent Bearer [secret:MY_TOKEN]\"", "\"Bearer [secret:MY_TOKEN]\""]);
    assert_eq!(site.visits()[0].header("authorization"), Some(format!("Bearer {VALUE}").as_str()));
}

#[test]
fn a_secret_stays_with_the_host_that_it_was_meant_for() {
    let other = Site::start(|_| Page::new("other"));
    let away = other.url("/");
    let site = Site::start(move |visit| match visit.path.as_str() {
        "/away" => Page::to(307, &away),
        "/on" => Page::to(302, "/end"),
        _ => Page::new("end"),
    });
    let get = |path: &str| {
        format!(
            "pista.http.get('{}', {{ allow_cidrs = {{ '127.0.0.1' }}, headers = {{ \
             ['X-Key'] = pista.secret('env:MY_TOKEN'), cookie = 'a=b', authorization = 'Basic x', plain = 'p' }} }}).body",
            site.url(path)
        )
    };
    let shown = shows(&home(), [get("/on").as_str(), &get("/away")]);
    assert_eq!(shown, ["\"end\"", "\"other\""]);
    let kept = site.visits().into_iter().find(|v| v.path == "/end").expect("a visit");
    assert_eq!((kept.header("x-key"), kept.header("cookie")), (Some(VALUE), Some("a=b")));
    let moved = &other.visits()[0];
    assert_eq!(moved.header("plain"), Some("p"));
    for name in ["x-key", "cookie", "authorization"] {
        assert_eq!(moved.header(name), None, "{name}");
    }
}

#[test]
fn a_secret_cannot_be_put_anywhere_else() {
    let site = Site::start(|_| Page::new(""));
    let url = site.url("/");
    let (home, fake) = (home(), FakeOpenAi::start([Reply::text("no")]));
    for code in [
        "pista.kv.set('k', pista.secret('env:MY_TOKEN'))",
        "pista.kv.set('k', { deep = { pista.secret('env:MY_TOKEN') } })",
        "pista.kv.set('k', 1, { expect = pista.secret('env:MY_TOKEN') })",
        "pista.kv.set(pista.secret('env:MY_TOKEN'), 1)",
        "pista.json.encode(pista.secret('env:MY_TOKEN'))",
        "pista.fs.write('f', pista.secret('env:MY_TOKEN'))",
        "pista.fs.read(pista.secret('env:MY_TOKEN'))",
        "pista.memory.add(pista.secret('env:MY_TOKEN'))",
        "pista.memory.add('x', { source = pista.secret('env:MY_TOKEN') })",
        "pista.notify(pista.secret('env:MY_TOKEN'))",
        "pista.session.new { name = pista.secret('env:MY_TOKEN') }",
        "pista.llm.chat { prompt = pista.secret('env:MY_TOKEN') }",
        "pista.system.run { 'echo', pista.secret('env:MY_TOKEN') }",
        "pista.tools.call('fs.write', { path = 'f', content = pista.secret('env:MY_TOKEN') })",
        "pista.ask_agent('main', pista.secret('env:MY_TOKEN'))",
        "pista.log.info('x', { s = pista.secret('env:MY_TOKEN') })",
        "pista.time.parse(pista.secret('env:MY_TOKEN'))",
        "'x' .. pista.secret('env:MY_TOKEN')",
        "#pista.secret('env:MY_TOKEN')",
        &format!("pista.http.get('{url}?' .. pista.secret('env:MY_TOKEN'))"),
        &format!(
            "pista.http.request {{ url = '{url}', method = 'POST', body = pista.secret('env:MY_TOKEN') }}"
        ),
        &format!(
            "pista.http.request {{ url = '{url}', method = 'POST', json = {{ pista.secret('env:MY_TOKEN') }} }}"
        ),
    ] {
        let line = format!("=select(2, pcall(function() return {code} end))\n");
        let ran = home.pipe(["repl"], &line).ok();
        assert!(ran.out.contains("error(") || ran.out.contains("attempt to"), "{code}: {}", ran.out);
        assert!(!ran.out.contains(VALUE) && !ran.err.contains(VALUE), "{code}: {ran:?}");
    }
    assert_eq!((site.connections(), fake.requests().len()), (0, 0));
    let shown = shows(&home, ["tostring(pista.secret('env:MY_TOKEN'))", "pista.secret('env:MY_TOKEN')"]);
    assert!(shown.iter().all(|line| line.contains("env:MY_TOKEN") && !line.contains(VALUE)), "{shown:?}");
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let code = "pista.http.get('http://1.1.1.1/', { headers = { a = pista.secret('env:MY_TOKN') } })";
    let (kind, message) = fails(&home(), code);
    assert_eq!(kind, "not_found");
    assert!(message.contains("env:MY_TOKN") && message.contains("did you mean MY_TOKEN?"), "{message}");
}

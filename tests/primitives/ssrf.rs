//! Addresses that nobody opened are not connected to, however they are written or come about.

use crate::{
    fails, shows,
    support::program::Home,
    web::{Page, Site},
};

#[test]
fn this_machine_is_closed_in_every_spelling() {
    let site = Site::start(|_| Page::new("secret"));
    let port = site.port();
    let home = Home::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.9.9.9",
        "0.0.0.0",
        "0",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
    ] {
        let (kind, message) = fails(&home, &format!("pista.http.get('http://{host}:{port}/')"));
        assert_eq!(kind, "denied", "{host}: {message}");
        assert!(message.contains("not open") && message.contains("allow_cidrs"), "{host}: {message}");
    }
    assert_eq!(site.connections(), 0);
}

#[test]
fn its_network_and_the_clouds_are_closed() {
    let home = Home::new();
    for host in [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:169.254.169.254]",
    ] {
        let (kind, message) = fails(&home, &format!("pista.http.get('http://{host}/latest/meta-data')"));
        assert_eq!(kind, "denied", "{host}: {message}");
    }
}

#[test]
fn only_plain_urls_are_asked() {
    let home = Home::new();
    for (url, word) in [
        ("file:///etc/passwd", "http"),
        ("ftp://127.0.0.1/", "http"),
        ("gopher://127.0.0.1/", "http"),
        ("127.0.0.1", "no URL"),
        ("", "no URL"),
        ("http://", "no URL"),
        ("http://ada:pw@127.0.0.1/", "password"),
        ("http://ada@127.0.0.1/", "user name"),
    ] {
        let (kind, message) =
            fails(&home, &format!("pista.http.get('{url}', {{ allow_cidrs = {{ '127.0.0.0/8' }} }})"));
        assert_eq!(kind, "usage", "{url}: {message}");
        assert!(message.contains(word) && !message.contains("pw"), "{url}: {message}");
    }
}

#[test]
fn the_user_opens_by_call_and_no_other_call_profits() {
    let site = Site::start(|_| Page::new("hello"));
    let url = site.url("/");
    let get = format!("pista.http.get('{url}', {{ allow_cidrs = {{ '127.0.0.0/8' }} }}).body");
    // The connection that the first call leaves open is not the second call's.
    let closed = format!("select(2, pcall(pista.http.get, '{url}')).kind");
    let other =
        format!("select(2, pcall(pista.http.get, '{url}', {{ allow_cidrs = {{ '10.0.0.0/8' }} }})).kind");
    let shown = shows(&Home::new(), [get.as_str(), &closed, &other, &get]);
    assert_eq!(shown, ["\"hello\"", "\"denied\"", "\"denied\"", "\"hello\""]);
    assert_eq!(site.visits().len(), 2);
}

#[test]
fn the_setting_opens_for_all() {
    let site = Site::start(|_| Page::new("hello"));
    let url = site.url("/");
    let (named, get) = (
        format!("pista.http.get('http://localhost:{}/').body", site.port()),
        format!("pista.http.get('{url}').body"),
    );
    let home = Home::new().env("OPENPISTA_HTTP_ALLOW", "127.0.0.0/8,::1");
    assert_eq!(shows(&home, [get.as_str(), &named]), ["\"hello\"", "\"hello\""]);
    let home = Home::new().env("OPENPISTA_HTTP_ALLOW", format!("localhost:{}", site.port()));
    assert_eq!(shows(&home, [named.as_str()]), ["\"hello\""]);
    assert_eq!(fails(&home, &get).0, "denied", "the address was not named");
    let home = Home::new().env("OPENPISTA_HTTP_ALLOW", "localhost:1");
    assert_eq!(fails(&home, &named).0, "denied", "another port was named");
    let ran = Home::new().env("OPENPISTA_HTTP_ALLOW", "anything").run(["tools"]).code(78);
    ran.complains(["http_allow", "10.0.0.0/8"]);
}

#[test]
fn each_redirect_is_checked() {
    let site = Site::start(|visit| match visit.path.as_str() {
        "/metadata" => Page::to(302, "http://169.254.169.254/latest/meta-data"),
        "/name" => Page::to(302, "http://0x7f.2/"),
        "/file" => Page::to(302, "file:///etc/passwd"),
        "/login" => Page::to(302, "http://ada:pw@127.0.0.1/"),
        "/loop" => Page::to(302, "/loop"),
        _ => Page::new("hello"),
    });
    let home = Home::new();
    for (path, kind) in [
        ("/metadata", "denied"),
        ("/name", "denied"),
        ("/file", "usage"),
        ("/login", "usage"),
        ("/loop", "io"),
    ] {
        let code = format!("pista.http.get('{}', {{ allow_cidrs = {{ '127.0.0.1' }} }})", site.url(path));
        let (found, message) = fails(&home, &code);
        assert_eq!(found, kind, "{path}: {message}");
    }
    // A whole network does not open the one address in it that tells credentials.
    let code = format!("pista.http.get('{}', {{ allow_cidrs = {{ '0.0.0.0/0' }} }})", site.url("/metadata"));
    assert_eq!(fails(&home, &code).0, "denied");
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let (proxy, site) = (Site::start(|_| Page::new("proxy")), Site::start(|_| Page::new("site")));
    let mut home = Home::new();
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        home = home.env(name, proxy.url(""));
    }
    let get = format!("pista.http.get('{}', {{ allow_cidrs = {{ '127.0.0.1' }} }}).body", site.url("/"));
    assert_eq!(shows(&home, [get.as_str()]), ["\"site\""]);
    assert_eq!(proxy.connections(), 0);
}

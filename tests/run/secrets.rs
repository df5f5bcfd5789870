//! Keys stay where they belong.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Ran},
};
use serde_json::json;
use std::{fs, path::Path};

const KEYS: [(&str, &str); 4] = [
    ("OPENAI_API_KEY", "sk-proj-Zq8Wn3Rk5Tv7Yx2Lm9"),
    ("MY_SERVICE_KEY", "svc/8hF+2kQ=9sLz1pXw"),
    ("GITHUB_TOKEN", "ghp_4dG7jK2mN5pQ8rT1"),
    ("DB_PASSWORD", "p\"ss\\w0rd with spaces"),
];

/// Every file beneath a directory, as bytes.
fn files(dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).expect("a directory").map(|e| e.expect("an entry").path()) {
        match entry.is_dir() {
            true => files(&entry, out),
            false => out.push((entry.display().to_string(), fs::read(&entry).expect("a file"))),
        }
    }
}

/// The forms in which a key would still be a key.
fn forms(key: &str) -> Vec<String> {
    let json = serde_json::to_string(key).expect("text");
    vec![key.to_owned(), json.trim_matches('"').to_owned()]
}

#[track_caller]
fn assert_clean(home: &Home, fake: &FakeOpenAi, ran: &Ran) {
    let mut places = vec![("stdout".into(), ran.out.clone().into_bytes())];
    places.push(("stderr".to_owned(), ran.err.clone().into_bytes()));
    for request in fake.requests() {
        places.push(("a request".into(), request.body.to_string().into_bytes()));
    }
    files(&home.state(), &mut places);
    for (name, key) in KEYS {
        for form in forms(key) {
            for (place, bytes) in &places {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "{name} is in {place}");
            }
        }
    }
}

fn home(fake: &FakeOpenAi) -> Home {
    let home = Home::new().env("OPENAI_BASE_URL", fake.url());
    let home = KEYS.iter().fold(home, |home, (name, value)| home.env(name, *value));
    let lines: Vec<String> = KEYS.iter().map(|(n, v)| format!("{n} is {v}")).collect();
    home.write(&home.work().join("keys.txt"), &lines.join("\n"));
    home
}

#[test]
fn commands_do_not_get_keys_in_their_environment() {
    let fake = FakeOpenAi::start([Reply::call("system_run", json!({"argv": ["env"]})), Reply::text("done")]);
    let home = home(&fake);
    let ran = home.run(["run", "--yes", "-vvv", "-e", "show the environment"]).ok();
    let requests = fake.requests();
    let environment = requests[1].last_text();
    assert!(environment.contains("PATH=") && environment.contains("HOME="), "{environment}");
    for (name, _) in KEYS {
        assert!(!environment.contains(&format!("{name}=")), "{name}: {environment}");
    }
    assert!(!environment.contains("OPENPISTA"), "{environment}");
    assert_clean(&home, &fake, &ran);
}

#[test]
fn keys_that_tools_print_are_kept_nowhere() {
    let run = |line: &str| ("system_run", json!({ "command": line }));
    let fake = FakeOpenAi::start([
        Reply::calls([
            run("cat keys.txt"),
            run("cat keys.txt >&2; exit 1"),
            // Longer than what is shown, so that it is kept in a file.
            run("for i in $(seq 1 400); do cat keys.txt; echo; done"),
            // In pieces.
            run("printf 'sk-proj-Zq8Wn'; sleep 0.1; printf '3Rk5Tv7Yx2Lm9'"),
            ("fs_read", json!({"path": "keys.txt"})),
            ("fs_search", json!({"pattern": "KEY"})),
        ]),
        Reply::text("seen"),
    ]);
    let home = home(&fake);
    let ran = home.run(["run", "--yes", "--json", "-vvv", "-e", "print them"]).ok();
    let requests = fake.requests();
    let seen = requests[1].body["messages"].to_string();
    assert!(seen.contains("[secret:OPENAI_API_KEY]"), "{seen}");
    assert_eq!(fake.refusals(), [""; 0]);
    assert_clean(&home, &fake, &ran);
}

#[test]
fn keys_that_people_type_or_models_say_are_not_logged() {
    // Both are the conversation itself, but no log of it.
    let key = KEYS[0].1;
    let fake = FakeOpenAi::answering(move |_| Reply::error(400, &format!("bad key {key}")));
    let home = home(&fake);
    let ran = home.run(["run", "-vvv", "-e", "hello"]).code(1);
    assert!(!ran.err.contains(key), "{}", ran.err);
}

#[test]
fn the_key_is_sent_to_its_server_alone() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = home(&fake);
    let ran = home.run(["run", "-vvv", "-e", "hello"]).ok();
    let request = fake.requests().remove(0);
    assert_eq!(request.header("authorization"), Some(format!("Bearer {}", KEYS[0].1).as_str()));
    assert_clean(&home, &fake, &ran);
}

#[test]
fn lua_cannot_read_keys() {
    let fake = FakeOpenAi::start([Reply::call("peek", json!({})), Reply::text("done")]);
    let home = home(&fake);
    home.init(
        "local secret = pista.secret('env:OPENAI_API_KEY')
        pista.tool { name = 'peek', description = 'peeks', effect = 'read', parameters = {}, run = function()
            local ok, why = pcall(pista.env, 'OPENAI_API_KEY')
            local ok2, why2 = pcall(os.getenv, 'OPENAI_API_KEY')
            return { tostring(ok), tostring(why), tostring(ok2), tostring(why2), tostring(secret), type(io) }
        end }",
    );
    let ran = home.run(["run", "-vvv", "-e", "peek"]).ok();
    let requests = fake.requests();
    let told = requests[1].last_text();
    assert!(told.contains("looks like a secret") && told.contains("\"nil\""), "{told}");
    assert_clean(&home, &fake, &ran);
    home.init("pista.log.warn(pista.env('OPENAI_API_KEY'))");
    home.say("hi").code(78).complains(["init.lua:1", "pista.secret"]);
}

#[test]
fn commands_that_show_the_configuration_hide_keys() {
    let fake = FakeOpenAi::start([]);
    let home = home(&fake)
        .env("OPENPISTA_API_KEY", "env:OPENAI_API_KEY")
        .env("OPENPISTA_BASE_URL", format!("http://user:{}@127.0.0.1:9/v1", KEYS[2].1));
    for args in ["config show", "config show --origin", "config show --json", "config path", "tools"] {
        let ran = home.run(args.split(' ')).ok();
        for (name, key) in KEYS {
            assert!(!ran.out.contains(key) && !ran.err.contains(key), "{args} shows {name}");
        }
    }
    let shown = home.run(["config", "show"]).ok().out;
    assert!(shown.contains("env:OPENAI_API_KEY") && shown.contains("[hidden]"), "{shown}");
    // The variable may hold the key itself; a file may not.
    let home = home.env("OPENPISTA_API_KEY", KEYS[0].1);
    let shown = home.run(["config", "show"]).ok().out;
    assert!(shown.contains("\"env:OPENPISTA_API_KEY\"") && !shown.contains(KEYS[0].1), "{shown}");
    home.toml(&format!("api_key = {:?}", KEYS[3].1));
    let ran = home.run(["config", "show"]).code(78).complains(["config.toml:1", "env:NAME"]);
    assert!(!ran.err.contains("ss\\w0rd"), "{}", ran.err);
}

#[test]
fn what_is_kept_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = Home::with(&fake);
    home.say("hi").ok();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&home.database()), 0o600);
    assert_eq!(mode(&home.state()), 0o700);
}

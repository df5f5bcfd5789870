//! Secrets that are in files, and others that no tool may hand on.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;

#[test]
fn a_key_file_that_was_not_used_yet_cannot_be_read() {
    let key = "sk-file-7hT2kQ9sLz1pXw4v";
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("fs_read", json!({"path": "other.key"})),
            ("fs_search", json!({"pattern": "sk-"})),
            ("fs_write", json!({"path": "other.key", "content": "mine"})),
        ]),
        Reply::text("done"),
    ]);
    let home = Home::new();
    let path = home.write(&home.work().join("other.key"), key);
    home.init(&format!(
        "pista.provider('one', {{ base_url = '{}', model = 'fake-model' }})\n\
         pista.provider('two', {{ base_url = 'http://127.0.0.1:9/v1', model = 'm', api_key = pista.secret('file:{}') }})\n\
         pista.setup {{ model = 'one/fake-model' }}",
        fake.url(),
        path.display()
    ));
    home.run(["run", "--yes", "-e", "read it"]).ok();
    let sent = fake.requests()[1].body.to_string();
    assert!(sent.contains("kept from the file tools") && !sent.contains(key), "{sent}");
    assert_eq!(std::fs::read_to_string(path).expect("there"), key);
}

#[test]
fn the_environment_of_the_program_is_not_a_file() {
    let key = "sk-Zq8Wn3Rk5Tv7Yx2Lm9";
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("fs_read", json!({"path": "/proc/self/environ"})),
            ("fs_read", json!({"path": "link"})),
            ("fs_search", json!({"pattern": "KEY", "path": "link"})),
        ]),
        Reply::text("done"),
    ]);
    let home = Home::new().env("OPENAI_BASE_URL", fake.url()).env("OPENAI_API_KEY", key);
    std::os::unix::fs::symlink("/proc/self/environ", home.work().join("link")).expect("a link");
    home.run(["run", "--yes", "-e", "read it"]).ok();
    let sent = fake.requests()[1].body.to_string();
    assert!(!sent.contains("PATH=") && !sent.contains("[secret"), "{sent}");
}

#[test]
fn addresses_with_passwords_are_not_shown() {
    let password = "hunter2hunter2";
    let home = Home::new()
        .env("OPENPISTA_BASE_URL", format!("http://user:{password}@127.0.0.1:9/v1?key={password}"))
        .env("OPENPISTA_MODEL", "m")
        .env("OPENPISTA_RETRIES", "0");
    for args in [
        &["run", "-vvv", "-e", "hi"][..],
        &["run", "--json", "-e", "hi"],
        &["config", "show"],
        &["config", "show", "--origin"],
    ] {
        let ran = home.run(args);
        assert!(
            !ran.out.contains(password) && !ran.err.contains(password),
            "{args:?}: {} {}",
            ran.out,
            ran.err
        );
    }
}

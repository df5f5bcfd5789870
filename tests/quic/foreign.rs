//! The client in Python that `docs/protocol.md` shows, word for word.

use super::support::*;
use openpista::quic::Limits;
use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// The block of the page that is in Python.
fn shown() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, code) = page.split_once("```python\n").expect("a block in Python");
    code.split_once("```").expect("its end").0.to_owned()
}

/// The Python with the library that the client needs, where there is one.
fn python() -> Option<OsString> {
    let python = std::env::var_os("OPENPISTA_TEST_PYTHON").filter(|name| !name.is_empty());
    if python.is_none() {
        // It comes from another registry than everything else, so that "all" does not take it in.
        let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "aioquic"), "a Python with aioquic is required here");
        eprintln!("SKIPPED, needs a Python with aioquic, named by OPENPISTA_TEST_PYTHON");
    }
    python
}

/// Runs a client against the server: whether it ended well, what it printed, what it complained of.
async fn run(
    python: &OsStr,
    place: &Place,
    client: &str,
    fingerprint: String,
    secret: &str,
    text: &str,
) -> (bool, String, String) {
    let (script, token) = (place.dir.path().join("client.py"), place.dir.path().join("token"));
    fs::write(&script, client).unwrap();
    fs::write(&token, secret).unwrap();
    let mut command = Command::new(python);
    command.arg(&script).args(["127.0.0.1".to_owned(), place.address().port().to_string(), fingerprint]);
    command.arg(&token).arg(text).stdin(Stdio::null()).kill_on_drop(true);
    let output = soon(command.output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn lives_through_silence() {
    let Some(python) = python() else { return };
    const IDLE: Duration = Duration::from_secs(2);
    let place = place_with(Limits { idle: IDLE, ..brisk() }).await;
    let known = place.target.fingerprint.to_string();
    let pause = format!("pause {}", 4 * IDLE.as_millis());
    let pinging = |seconds: &str| {
        assert!(shown().contains("asyncio.sleep(10)"));
        shown().replace("asyncio.sleep(10)", &format!("asyncio.sleep({seconds})"))
    };
    let owner = place.owner.expose();
    let (ok, out, err) = run(&python, &place, &pinging("0.4"), known.clone(), owner, &pause).await;
    assert!(ok && out.contains("after all") && out.contains("\"done\""), "{out}{err}");
    // It is the pings that keep it.
    let (_, out, _) = run(&python, &place, &pinging("1000"), known, owner, &pause).await;
    assert!(!out.contains("after all"), "{out}");
}

#[tokio::test]
async fn talks_to_the_server() {
    let Some(python) = python() else { return };
    let place = place().await;
    let client = shown();
    let run = async |fingerprint: String, secret: &str, text: &str| {
        run(&python, &place, &client, fingerprint, secret, text).await
    };
    let known = place.target.fingerprint.to_string();
    let (ok, out, err) = run(known.clone(), place.owner.expose(), "echo 안녕").await;
    assert!(ok, "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert_eq!(lines[0]["event"], serde_json::json!({ "type": "text", "delta": "안녕" }));
    assert_eq!(lines[1]["type"], "done");

    let (ok, _, err) = run(known, "pista_wrong", "echo hi").await;
    assert!(!ok && err.contains("not known here"), "{err}");
    let (ok, _, err) = run(fingerprint("another").to_string(), place.owner.expose(), "echo hi").await;
    assert!(!ok && err.contains("another server: sha256:"), "{err}");
}

//! The client in Python that `docs/protocol.md` shows, word for word.

use super::support::*;
use std::{fs, path::Path, process::Stdio};
use tokio::process::Command;

/// The block of the page that is in Python.
fn shown() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, code) = page.split_once("```python\n").expect("a block in Python");
    code.split_once("```").expect("its end").0.to_owned()
}

#[tokio::test]
async fn talks_to_the_server() {
    let Some(python) = std::env::var_os("OPENPISTA_TEST_PYTHON").filter(|name| !name.is_empty()) else {
        // It comes from another registry than everything else, so that "all" does not take it in.
        let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "aioquic"), "a Python with aioquic is required here");
        eprintln!("SKIPPED, needs a Python with aioquic, named by OPENPISTA_TEST_PYTHON");
        return;
    };
    let place = place().await;
    let (script, token) = (place.dir.path().join("client.py"), place.dir.path().join("token"));
    fs::write(&script, shown()).unwrap();
    let run = async |fingerprint: String, secret: &str, text: &str| {
        fs::write(&token, secret).unwrap();
        let mut command = Command::new(&python);
        command.arg(&script).args(["127.0.0.1".to_owned(), place.address().port().to_string(), fingerprint]);
        command.arg(&token).arg(text).stdin(Stdio::null());
        let output = soon(command.output()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
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

use super::*;
use crate::{config::Redactor, domain::secret::Secret};
use std::sync::Arc;

async fn call(dir: &tempfile::TempDir, args: serde_json::Value) -> ToolResult {
    let tool = SystemRun::new(Options::new(dir.path(), dir.path().join("spill")));
    let call = ToolCall::new("system.run", args.as_object().unwrap().clone());
    tool.call(call).await
}

#[tokio::test]
async fn results_read_well() {
    let dir = tempfile::tempdir().unwrap();
    for (args, status, content) in [
        (json!({"argv": ["true"]}), ToolStatus::Ok, "exit code 0\nno output"),
        (
            json!({"command": "echo out | tr o O; echo err >&2; exit 3"}),
            ToolStatus::Ok,
            "exit code 3\nstdout:\nOut\nstderr:\nerr",
        ),
        (json!({"command": "kill -9 $$"}), ToolStatus::Ok, "ended by signal 9\nno output"),
        (json!({"argv": ["cat"], "stdin": "given"}), ToolStatus::Ok, "exit code 0\nstdout:\ngiven"),
        (
            json!({"command": "echo $A$TERM", "env": {"A": "b "}}),
            ToolStatus::Ok,
            "exit code 0\nstdout:\nb dumb",
        ),
        (
            json!({"argv": ["printf", r"\377"]}),
            ToolStatus::Ok,
            "exit code 0\nnote: bytes that aren't UTF-8 are shown as \u{fffd}\nstdout:\n\u{fffd}",
        ),
    ] {
        let result = call(&dir, args).await;
        assert_eq!((result.status, result.content.as_str()), (status, content));
    }
}

#[tokio::test]
async fn wrong_calls_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    for (args, part) in [
        (json!({}), "give argv"),
        (json!({"argv": ["ls"], "command": "ls"}), "not both"),
        (json!({"argv": []}), "argv is empty"),
        (json!({"argv": ["ls -la /"]}), "one word per element"),
        (json!({"argv": ["no-such-program-here"]}), "no such program in PATH"),
        (json!({"argv": ["ls"], "cwd": "nowhere"}), "working directory"),
        (json!({"argv": ["ls"], "timeout": 0}), "at most 3600"),
        (json!({"argv": ["ls"], "timeout": -1}), "at most 3600"),
        (json!({"argv": ["ls"], "timeout": 3601}), "at most 3600"),
        (json!({"argv": ["ls"], "timeout": 1e300}), "at most 3600"),
        (json!({"argv": ["ls"], "env": {"A=B": "c"}}), "\"A=B\""),
        (json!({"argv": ["ls"], "dir": "/"}), "`dir`"),
    ] {
        let result = call(&dir, args.clone()).await;
        assert_eq!(result.status, ToolStatus::Error, "{args}");
        assert!(result.content.contains(part), "{args}: {}", result.content);
    }
}

#[tokio::test]
async fn a_timeout_keeps_what_there_was() {
    let dir = tempfile::tempdir().unwrap();
    let result = call(&dir, json!({"command": "echo so far; sleep 1000", "timeout": 0.5})).await;
    assert_eq!(result.status, ToolStatus::Error);
    assert!(
        result.content.starts_with("timed out after 0.5 s") && result.content.ends_with("stdout:\nso far")
    );
    assert_eq!(result.meta["timed_out"], true);
    assert!(!result.meta.contains_key("exit_code"));
}

#[tokio::test]
async fn a_question_on_the_terminal_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let result = call(&dir, json!({"command": "kill -TTIN $$"})).await;
    assert_eq!(result.status, ToolStatus::Error);
    assert!(result.content.contains("terminal"), "{}", result.content);
}

#[tokio::test]
async fn facts_are_told_to_programs() {
    let dir = tempfile::tempdir().unwrap();
    let result = call(&dir, json!({"command": "echo out; echo error >&2; exit 3"})).await;
    let mut meta = result.meta;
    assert!(meta.remove("duration_ms").unwrap().is_u64());
    let expected = json!({
        "exit_code": 3, "timed_out": false, "stdout_bytes": 4, "stderr_bytes": 6, "truncated": false
    });
    assert_eq!(serde_json::Value::Object(meta), expected);

    let long = call(&dir, json!({"command": "seq 100000; seq 100000 >&2"})).await;
    assert!(long.content.chars().count() <= 10_000);
    assert_eq!(long.meta["truncated"], true);
    assert!(long.meta["truncated_bytes"].as_u64().unwrap() > 1_000_000);
    for name in ["spill", "spill_stderr"] {
        let spill = std::fs::read_to_string(long.meta[name].as_str().unwrap()).unwrap();
        assert!(spill.starts_with("1\n2\n") && spill.ends_with("\n100000\n"));
    }
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let redactor = Redactor::default();
    redactor.add("X", &Secret::new("s3cret"));
    let options =
        Options { redact: Some(Arc::new(redactor)), ..Options::new(dir.path(), dir.path().join("spill")) };
    let args = json!({"command": "echo my s3cret"});
    let call = ToolCall::new("system.run", args.as_object().unwrap().clone());
    let result = SystemRun::new(options).call(call).await;
    assert_eq!(result.content, "exit code 0\nstdout:\nmy [secret:X]");
}

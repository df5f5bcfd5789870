//! What goes in, what comes out, and guests that don't keep to it.

use crate::support::{Place, guest, job, shipped};
use openpista::sandbox::{Exit, Limits, wasm::WasmError};
use serde_json::json;

#[tokio::test]
async fn the_example_greets_and_sees_the_workspace_alone() {
    let place = Place::new();
    let workspace = tempfile::tempdir().unwrap();
    std::fs::write(workspace.path().join("a"), "").unwrap();
    std::fs::write(workspace.path().join("b"), "").unwrap();
    let job = shipped("hello-wasm", &json!({"name": "Ada \"L\""}), Some(workspace.path().into()));
    let outcome = place.run(job, &Limits::default()).await.unwrap();
    assert_eq!(outcome.exit, Exit::Done, "{outcome:?}");
    let result = outcome.result.unwrap();
    assert_eq!(result["status"], "ok");
    assert_eq!(result["content"], "Hello, Ada \"L\"! I see 2 entries in the workspace.");
    assert_eq!(outcome.stderr.text, "greeting Ada \\\"L\\\"\n");
    assert_eq!(outcome.stdout.text, "");
    // Without a workspace it sees none.
    let outcome = place.run(shipped("hello-wasm", &json!({}), None), &Limits::default()).await.unwrap();
    assert_eq!(outcome.result.unwrap()["content"], "Hello, world! I see no workspace.");
}

#[tokio::test]
async fn any_language_does() {
    let place = Place::new();
    for (text, words) in [("", "0"), ("one", "1"), ("  a b\nc\td  ", "4"), (&"w ".repeat(12_345), "12345")] {
        let job = shipped("word-count", &json!({"text": text}), None);
        let outcome = place.run(job, &Limits::default()).await.unwrap();
        assert_eq!(outcome.result.unwrap(), json!({"status": "ok", "content": words}));
    }
}

#[tokio::test]
async fn what_is_no_module_is_told() {
    let place = Place::new();
    let run = async |module: &[u8]| {
        let mut job = job("(module)");
        job.module = module.to_vec();
        place.run(job, &Limits::default()).await.unwrap_err()
    };
    assert!(matches!(run(b"hello").await, WasmError::NotWasm));
    assert!(matches!(run(b"").await, WasmError::NotWasm));
    assert!(matches!(run(b"\0asm\x0d\0\x01\0more").await, WasmError::Component));
    assert!(run(b"\0asm\x0d\0\x01\0").await.to_string().contains("wasm32-wasip1"));
    assert!(matches!(run(b"\0asm\x01\0\0\0\xff\xff").await, WasmError::Compile(_)));
    let mut large = b"\0asm\x01\0\0\0".to_vec();
    large.resize(40 << 20, 0);
    assert!(matches!(run(&large).await, WasmError::TooLarge(_)));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let place = Place::new();
    let fails = async |text: &str| place.run(job(text), &Limits::default()).await.unwrap_err().to_string();
    assert!(fails("(module)").await.contains("does not export memory"), "memory");
    let text = r#"(module (memory (export "memory") 1))"#;
    assert!(fails(text).await.contains("alloc"), "alloc");
    let text = r#"(module (memory (export "memory") 1) (func (export "alloc") (param i64) (result i32) i32.const 0))"#;
    assert!(fails(text).await.contains("(i32) -> i32"), "a wrong type");
    let text = guest("i64.const 0", r#"(import "env" "steal" (func))"#);
    assert!(fails(&text).await.contains("steal"), "an import");
}

#[tokio::test]
async fn lies_are_found_out() {
    let place = Place::new();
    for (packed, why) in [
        // Address and length beyond the end.
        ("0x0001ffff00001000", "its memory ends at 131072"),
        ("0xffffffff00000001", "its memory ends at"),
        // Longer than anything that is taken.
        ("0x00000000ffffffff", "at most"),
        // Zeros are no JSON.
        ("0x0000000000000004", "no JSON"),
        ("0x0000000000000000", "no JSON"),
    ] {
        let outcome = place.text(&guest(&format!("i64.const {packed}"), "")).await;
        assert_eq!(outcome.exit, Exit::Failed(1), "{packed}");
        let problem = outcome.problem.unwrap();
        assert!(problem.contains(why), "{packed}: {problem}");
    }
    // `alloc` that points outside.
    let text = guest("i64.const 0", "").replace("i32.const 1024", "i32.const -8");
    let outcome = place.text(&text).await;
    assert!(outcome.problem.unwrap().contains("outside its memory"));
}

#[tokio::test]
async fn a_trap_and_an_exit_are_told_apart() {
    let place = Place::new();
    let outcome = place.text(&guest("unreachable", "")).await;
    assert_eq!(outcome.exit, Exit::Failed(134));
    assert!(outcome.problem.unwrap().contains("unreachable"));
    let import = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    let outcome = place.text(&guest("(call $exit (i32.const 7)) i64.const 0", import)).await;
    assert_eq!(outcome.exit, Exit::Failed(7), "{outcome:?}");
}

#[tokio::test]
async fn what_was_compiled_is_kept_and_a_damaged_file_does_no_harm() {
    let place = Place::new();
    let text = guest("i64.const 0x0000040000000002", r#"(data (i32.const 1024) "{}")"#);
    let file = || {
        let mut files: Vec<_> = std::fs::read_dir(place.dir.path().join("cache")).unwrap().collect();
        assert_eq!(files.len(), 1);
        files.pop().unwrap().unwrap().path()
    };
    assert_eq!(place.text(&text).await.result, Some(json!({})));
    let compiled = std::fs::read(file()).unwrap();
    // Another program finds it; and one that finds it damaged compiles again.
    for damage in [&[][..], &compiled[..100], b"nonsense"] {
        if !damage.is_empty() {
            std::fs::write(file(), damage).unwrap();
        }
        let wasm = openpista::sandbox::wasm::Wasm::new(place.dir.path().join("cache"));
        let outcome = wasm.run(job(&text), &Limits::default(), &place.keep()).await.unwrap();
        assert_eq!(outcome.result, Some(json!({})));
    }
    assert_eq!(std::fs::read(file()).unwrap().len(), compiled.len());
}

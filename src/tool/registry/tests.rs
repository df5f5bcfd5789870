use super::*;
use crate::{
    config::Redactor,
    domain::{
        JsonMap,
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        secret::Secret,
        tool::Effect,
    },
    tool::{Options, builtin},
};
use serde_json::json;

/// A tool that does what its name says.
struct Odd(ToolSpec);

fn odd(name: &str) -> Arc<Odd> {
    Arc::new(Odd(ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({"type": "object", "properties": {"city": {"type": "string"}}}).into(),
        effect: Effect::Read,
    }))
}

impl Tool for Odd {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        assert_ne!(self.0.name, "panics.at_once", "at once");
        Box::pin(async move {
            match self.0.name.as_str() {
                "panics.later" => {
                    tokio::task::yield_now().await;
                    panic!("later, with {}", "words")
                }
                "talks" => ToolResult::new(call.get(), ToolStatus::Ok, "öä🦀 hush-hush ".repeat(5_000)),
                _ => ToolResult::new(&ToolCall::new("other", JsonMap::new()), ToolStatus::Ok, "fine"),
            }
        })
    }
}

fn registry(dir: &tempfile::TempDir) -> ToolRegistry {
    let redactor = Redactor::default();
    redactor.add("X", &Secret::new("hush-hush"));
    let mut options = Options::new(dir.path(), dir.path().join("spill"));
    options.redact = Some(Arc::new(redactor));
    builtin(options)
}

async fn execute(registry: &ToolRegistry, call: ToolCall) -> ToolResult {
    let context = TurnContext {
        session: SessionId::generate(),
        turn: TurnId::generate(),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "me".into() },
        depth: 0,
    };
    let scope = Scope { context: &context, nested: &crate::policy::NoNested };
    registry.execute(Authorized::for_test(call), scope).await
}

fn call(name: &str, args: Value) -> ToolCall {
    ToolCall::new(name, args.as_object().unwrap().clone())
}

#[test]
fn the_built_in_tools_are_sorted_and_could_have_been_registered() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(&dir);
    registry.register(odd("memory.search")).unwrap();
    let names: Vec<_> = registry.specs().iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        ["fs.edit", "fs.list", "fs.read", "fs.search", "fs.write", "memory.search", "system.run"]
    );
    assert!(registry.specs().iter().all(|spec| is_name(&spec.name) && spec.parameters["type"] == "object"));
    let acts = registry.specs().iter().filter(|spec| spec.effect == Effect::Act).map(|spec| &*spec.name);
    assert_eq!(acts.collect::<Vec<_>>(), ["fs.edit", "fs.write", "system.run"]);
    assert!(!dir.path().join("spill").exists(), "nothing is opened or made yet");
}

#[test]
fn wrong_names_and_duplicates_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(&dir);
    for name in ["", ".", "A", "1a", "_a", "a-", "-a", "a b", "a.", ".a", "a..b", "a.B", "ä", "a\n", "a/b"] {
        assert_eq!(registry.register(odd(name)), Err(RegisterError::Name(name.into())));
    }
    for name in ["a", "a1", "a_b", "a-b", "a.b.c_1", "a.1"] {
        assert_eq!(registry.register(odd(name)), Ok(()));
        assert_eq!(registry.register(odd(name)), Err(RegisterError::Duplicate(name.into())));
    }
    assert_eq!(registry.register(odd("fs.read")), Err(RegisterError::Duplicate("fs.read".into())));
    let mut bare = odd("bare").0.clone();
    bare.parameters = json!("none").into();
    assert!(matches!(registry.register(Arc::new(Odd(bare))), Err(RegisterError::Parameters(_))));
}

#[tokio::test]
async fn unknown_tools_and_wrong_arguments_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(&dir);
    registry.register(odd("weather")).unwrap();
    let mut broken = call("weather", json!({}));
    broken.invalid = Some("{\"city\": ".into());
    for (call, parts) in [
        (call("fs.raed", json!({})), &["\"fs.raed\"", "did you mean \"fs.read\"?", "system.run"][..]),
        (call("nonsense", json!({})), &["\"nonsense\". The tools are: fs.edit"]),
        (call("weather", json!({"town": "x"})), &["weather:", "\"town\"", "city"]),
        (call("weather", json!({"city": 1})), &["\"city\"", "string"]),
        (call("fs.read", json!({})), &["\"path\" is missing"]),
        (broken, &["must be a JSON object", "{\"city\": "]),
    ] {
        let result = execute(&registry, call.clone()).await;
        assert_eq!((result.status, &result.call_id, &result.name), (ToolStatus::Error, &call.id, &call.name));
        assert!(parts.iter().all(|part| result.content.contains(part)), "{}", result.content);
    }
}

#[tokio::test]
async fn a_panic_is_a_result_and_an_answer_belongs_to_its_call() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(&dir);
    for (name, status, content) in [
        ("panics.at_once", ToolStatus::Error, "at once"),
        ("panics.later", ToolStatus::Error, "panics.later broke down: later, with words"),
        ("confused", ToolStatus::Ok, "fine"),
    ] {
        registry.register(odd(name)).unwrap();
        let call = call(name, json!({}));
        let result = execute(&registry, call.clone()).await;
        assert_eq!((result.status, result.call_id, result.name), (status, call.id, call.name));
        assert!(result.content.contains(content), "{}", result.content);
    }
}

#[tokio::test]
async fn long_results_are_redacted_cut_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut registry = registry(&dir);
    registry.register(odd("talks")).unwrap();
    let result = execute(&registry, call("talks", json!({}))).await;
    let chars = result.content.chars().count();
    assert!((9_000..=10_000).contains(&chars), "{chars}");
    assert!(result.content.starts_with("öä🦀 [secret:X] ") && result.content.ends_with("[secret:X] "));
    assert!(!result.content.contains("hush-hush"));
    let spill = result.meta["spill"].as_str().unwrap();
    let whole = "öä🦀 [secret:X] ".repeat(5_000);
    assert!(std::fs::read_to_string(spill).unwrap() == whole);
    let left_out = result.meta["truncated_bytes"].as_u64().unwrap();
    assert!(
        result
            .content
            .contains(&format!("[… {left_out} of {} bytes left out; all of it is in {spill}", whole.len()))
    );

    // The model can go and look, within the file tools.
    let read = execute(&registry, call("fs.read", json!({"path": spill}))).await;
    assert_eq!(read.status, ToolStatus::Ok);
    assert!(read.content.starts_with("öä🦀 [secret:X]"), "{}", read.content);
}

#[tokio::test]
async fn the_built_in_tools_work_through_the_registry() {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry(&dir);
    for (name, args, content) in [
        ("fs.write", json!({"path": "a/b.txt", "content": "one\ntwo\n"}), "created a/b.txt (8 bytes)"),
        ("fs.read", json!({"path": "a/b.txt", "limit": null, "offset": 2.0}), "two\n"),
        (
            "fs.edit",
            json!({"path": "a/b.txt", "old": "two", "new": "2"}),
            "replaced 1 passage in a/b.txt, from line 2",
        ),
        ("fs.list", json!({"path": "a"}), "b.txt  6 B\n"),
        ("fs.search", json!({"pattern": "^2$"}), "a/b.txt:2: 2\n"),
        ("system.run", json!({"argv": ["cat", "b.txt"], "cwd": "a"}), "exit code 0\nstdout:\none\n2"),
    ] {
        let result = execute(&registry, call(name, args)).await;
        assert_eq!((result.status, result.content.as_str()), (ToolStatus::Ok, content), "{name}");
    }
}

#[tokio::test]
async fn data_is_redacted_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry(&dir);
    let result = |data| {
        let call = ToolCall::new("any", JsonMap::new());
        ToolResult { data: Some(data), ..ToolResult::new(&call, ToolStatus::Ok, "") }
    };
    let told = registry.finish(result(json!({"a hush-hush": [1, {"b": "so hush-hush!"}], "n": null}))).await;
    assert_eq!(told.data, Some(json!({"a [secret:X]": [1, {"b": "so [secret:X]!"}], "n": null})));
    assert!(!told.meta.contains_key("data_left_out"));
    let most = registry.finish(result(json!("x".repeat(MAX_DATA - 8)))).await;
    assert!(most.data.is_some());
    for large in [json!("x".repeat(MAX_DATA - 7)), json!(vec![0; MAX_DATA / 8])] {
        let told = registry.finish(result(large)).await;
        assert_eq!((told.data, told.meta.get("data_left_out")), (None, Some(&json!(true))));
    }
}

//! Calls in all wrappings, and text that only looks like them.

use super::*;
use crate::domain::tool::Effect;
use serde_json::json;

fn tools() -> Vec<ToolSpec> {
    let parameters =
        json!({"type": "object", "properties": {"path": {"type": "string"}, "n": {"type": "integer"}}});
    let tool = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters: parameters.clone().into(),
        effect: Effect::Read,
    };
    vec![tool("fs.read"), tool("system.run")]
}

/// What readers see and the calls, whatever the pieces.
fn told(text: &str) -> (String, Vec<String>) {
    let tools = tools();
    let names = Names::new(&tools, &[]);
    let chars: Vec<char> = text.chars().collect();
    let mut results = (1..=chars.len().clamp(1, 30)).map(|size| {
        let mut filter = TextCalls::new(&names, &tools);
        let mut shown = String::new();
        for piece in chars.chunks(size) {
            filter.feed(&piece.iter().collect::<String>(), &mut shown);
        }
        let calls = filter.end(&mut shown);
        (shown, calls.iter().map(|c| format!("{} {}", c.name, json!(c.args))).collect::<Vec<_>>())
    });
    let first = results.next().expect("a result");
    results.for_each(|other| assert_eq!(other, first, "{text:?}"));
    first
}

#[test]
fn calls_in_all_wrappings_are_found_and_hidden() {
    let call = r#"{"name":"fs_read","arguments":{"path":"/a"}}"#;
    for text in [
        format!("<tool_call>{call}</tool_call>"),
        format!("<tool_call>\n{call}\n</tool_call>"),
        format!("<tool_call>\n{call}"),
        format!("<tool_call>{call}</tool_call></tool_call>"),
        format!("<function_call>{call}</function_call>"),
        format!("<tool_use>{call}</tool_use>"),
        format!("<|tool_call|>[{call}]<|/tool_call|>"),
        format!("<|python_tag|>{call}"),
        format!("[TOOL_CALLS][{call}]"),
        "[TOOL_CALLS]fs_read{\"path\":\"/a\"}".to_owned(),
        "[TOOL_CALLS]fs_read[ARGS]{\"path\":\"/a\"}".to_owned(),
        format!("[TOOL_REQUEST]{call}[END_TOOL_REQUEST]"),
        call.to_owned(),
        format!("[{call}]"),
        format!("[ {call} ]"),
        r#"{"name": "fs.read", "parameters": {"path": "/a"}}"#.to_owned(),
        r#"{"type":"function","function":{"name":"fs_read","arguments":"{\"path\":\"/a\"}"}}"#.to_owned(),
        format!("```json\n{call}\n```"),
        format!("```\n{call}\n```"),
        format!("```tool_call\n{call}\n```"),
        format!("```json\n{call}"),
        "<function=fs_read>{\"path\":\"/a\"}</function>".to_owned(),
        "<function=fs_read>\n<parameter=path>\n/a\n</parameter>\n</function>\n</tool_call>".to_owned(),
        "<tool_call>\n<function=fs.read>\n<parameter=path>\n/a\n</parameter>\n</function>\n</tool_call>".to_owned(),
        "<invoke name=\"fs_read\">\n<parameter name=\"path\">/a</parameter>\n</invoke>".to_owned(),
        "<function_calls>\n<invoke name=\"fs_read\"><parameter name=\"path\">/a</parameter></invoke>\n</function_calls>"
            .to_owned(),
    ] {
        let (shown, calls) = told(&text);
        assert_eq!(calls, [r#"fs.read {"path":"/a"}"#], "{text}");
        assert_eq!(shown.trim(), "", "{text}");
        let (shown, calls) = told(&format!("Let me look.\n{text}"));
        assert_eq!((shown.trim(), calls.len()), ("Let me look.", 1), "{text}");
    }
}

#[test]
fn several_calls_and_typed_parameters() {
    let text = "<function=fs_read><parameter=path>7</parameter><parameter=n>7</parameter></function>\n<invoke name=\"system_run\"></invoke>";
    assert_eq!(told(text).1, [r#"fs.read {"n":7,"path":"7"}"#, "system.run {}"]);
}

#[test]
fn other_text_comes_out_as_it_went_in() {
    for text in [
        "plain text with <b>tags</b> and a < b",
        "{\"weather\": \"fine\", \"list\": [\n{\"name\": \"fs_read\", \"arguments\": {}}\n]}",
        "{\"name\": \"Ann\", \"age\": 5}",
        "{\"name\": \"rm_rf\", \"arguments\": {}}",
        "[1, 2, 3]",
        "[link](http://x) and [ ] a box",
        "- [ ] a box\n[x]",
        "```json\n{\"a\": 1}\n```\nand more",
        "```json\n{\"name\": \"x\"}\n```",
        "```lua\n<tool_call>{\"name\":\"fs_read\",\"arguments\":{}}</tool_call>\n```\nend",
        "```\nsome code\n```",
        "use `<tool_call>` for it",
        "an end <tool_",
        "```",
        "{",
        "{ not json",
        "<tool_call>no call</tool_call>",
        "``` and so on, a line that is longer than any info line of a block of code",
        "한국어 <b",
    ] {
        assert_eq!(told(text), (text.to_owned(), Vec::new()), "{text:?}");
    }
}

#[test]
fn a_tagged_call_to_no_tool_becomes_a_remark() {
    let (shown, calls) = told("<tool_call>{\"name\":\"rm_rf\",\"arguments\":{}}</tool_call>");
    assert!(calls.is_empty() && shown.contains("does not exist: rm_rf") && !shown.contains('<'), "{shown}");
}

#[test]
fn text_is_not_held_back_without_need() {
    let tools = tools();
    let names = Names::new(&tools, &[]);
    let mut filter = TextCalls::new(&names, &tools);
    for (piece, wanted) in [
        ("Hello ", "Hello "),
        ("wor", "wor"),
        ("ld\n", "ld\n"),
        ("{\"a", ""),
        ("nswer\": 1,", "{\"answer\": 1,"),
        (" more", " more"),
        ("}\n```lua\n", "}\n```lua\n"),
        ("x = 1", "x = 1"),
    ] {
        let mut shown = String::new();
        filter.feed(piece, &mut shown);
        assert_eq!(shown, wanted, "{piece:?}");
    }
}

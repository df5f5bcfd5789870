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

/// What readers see, the calls, and what could not be read; whatever the pieces.
fn all(text: &str, tools: &[ToolSpec]) -> (String, Vec<String>, Option<String>) {
    let names = Names::new(tools, &[]);
    let chars: Vec<char> = text.chars().collect();
    let mut results = (1..=chars.len().clamp(1, 30)).map(|size| {
        let mut filter = TextCalls::new(&names, tools, true);
        let mut shown = String::new();
        for piece in chars.chunks(size) {
            filter.feed(&piece.iter().collect::<String>(), &mut shown);
        }
        let found = filter.end(&mut shown);
        let calls = found.calls.iter().map(|c| format!("{} {}", c.name, json!(c.args))).collect();
        (shown, calls, found.unreadable)
    });
    let first = results.next().expect("a result");
    results.for_each(|other| assert_eq!(other, first, "{text:?}"));
    first
}

/// What readers see and the calls, where all can be read.
fn told(text: &str) -> (String, Vec<String>) {
    let (shown, calls, unreadable) = all(text, &tools());
    assert_eq!(unreadable, None, "{text}");
    (shown, calls)
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
        format!("<TOOLCALL>[{call}]</TOOLCALL>"),
        "<minimax:tool_call>\n<invoke name=\"fs_read\">\n<parameter name=\"path\">/a</parameter>\n</invoke>\n</minimax:tool_call>".to_owned(),
        "]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name=\"fs_read\">]<]minimax[>[<path>/a]<]minimax[>[</path>\n]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>".to_owned(),
        "<seed:tool_call>\n<function=fs_read>\n<parameter=path>/a</parameter>\n</function>\n</seed:tool_call>".to_owned(),
        "<tool_call>fs_read\n<arg_key>path</arg_key>\n<arg_value>/a</arg_value>\n</tool_call>".to_owned(),
        "<tool_call>fs_read<arg_key>path</arg_key><arg_value>/a</arg_value></tool_call>".to_owned(),
        "<longcat_tool_call>fs_read\n<longcat_arg_key>path</longcat_arg_key>\n<longcat_arg_value>/a</longcat_arg_value>\n</longcat_tool_call>".to_owned(),
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.fs_read:0<|tool_call_argument_begin|>{\"path\":\"/a\"}<|tool_call_end|><|tool_calls_section_end|>".to_owned(),
        "<|tool_call_section_begin|> <|tool_call_begin|> functions.fs_read:0 <|tool_call_argument_begin|> {\"path\": \"/a\"} <|tool_call_end|> <|tool_call_section_end|>".to_owned(),
        "<|tool_call_begin|>functions.fs_read:0<|tool_call_argument_begin|>{\"path\":\"/a\"}<|tool_call_end|><|tool_calls_section_end|>".to_owned(),
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>fs_read\n```json\n{\"path\":\"/a\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>".to_owned(),
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>fs_read<｜tool▁sep｜>{\"path\":\"/a\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>".to_owned(),
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"fs_read\">\n<｜DSML｜parameter name=\"path\" string=\"true\">/a</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>".to_owned(),
        "<｜｜DSML｜｜tool_calls><｜｜DSML｜｜invoke name=\"fs_read\"><｜｜DSML｜｜parameter name=\"path\" string=\"true\">/a</｜｜DSML｜｜parameter></｜｜DSML｜｜invoke></｜｜DSML｜｜tool_calls>".to_owned(),
        "<｜DSML｜invoke name=\"fs_read\">\n<｜DSML｜parameter name=\"path\" string=\"true\">/a</｜DSML｜parameter>\n</｜DSML｜invoke>".to_owned(),
        "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"fs_read\">\n<｜DSML｜parameter name=\"path\" string=\"true\">/a</｜DSML｜parameter>".to_owned(),
        "[TOOL_CALLS]fs_read[CALL_ID]D681PevKs[ARGS]{\"path\":\"/a\"}".to_owned(),
        format!("<|action_start|><|plugin|>{call}<|action_end|>"),
        format!("<|START_ACTION|>[{}]<|END_ACTION|>", r#"{"tool_call_id":"0","tool_name":"fs_read","parameters":{"path":"/a"}}"#),
        format!("<|function_call|>{call}"),
        format!("<|message_sep|>\n\nfunction call<|role_sep|>\n{call}"),
        "<|tool_call_start|>[fs_read(path=\"/a\")]<|tool_call_end|>".to_owned(),
        "<|python_start|>[fs_read(path=\"/a\")]<|python_end|>".to_owned(),
        "<|python_tag|>fs_read(path=\"/a\")<|eom_id|>".to_owned(),
        "[fs_read(path='/a')]".to_owned(),
        "[Calling tool: fs_read({\"path\": \"/a\"})]".to_owned(),
        "```tool_code\nprint(fs_read(path='/a'))\n```".to_owned(),
        "<|tool_call>call:fs_read{path:<|\"|>/a<|\"|>}<tool_call|>".to_owned(),
        "<start_function_call>call:fs_read{path:<escape>/a<escape>}<end_function_call>".to_owned(),
        "<function_calls>\nfs_read(path=\"/a\")\n</function_calls>".to_owned(),
        "<fs_read>\n<path>/a</path>\n</fs_read>".to_owned(),
        format!("<tool_call>\n{call}\n</tool_call><|im_end|>"),
        "<|call_the_tool|>fs_read{\"path\":\"/a\"}<|/call_the_tool|>".to_owned(),
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
        "see: <tool_call>no call</tool_call>",
        "<tool_call>no call</tool_call> is how some models begin",
        "a <tool_result>fs_read</tool_result> of it",
        "<toolbar>fs_read</toolbar> and <b>fs_read</b>",
        "[fs_read] and [fs_read](http://x) and [other(a=1)]",
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
fn what_looks_like_a_call_and_cannot_be_read_is_kept_for_the_error() {
    for text in [
        "<tool_call>fs_read the file /a</tool_call>",
        "<tool_call>do the thing</tool_call>",
        "<tool_call>",
        "<|tool_request|>fs_read /a<|/tool_request|>",
        "<|tool_call_begin|>anything at all<|tool_call_end|>",
        "<|call|>read it",
        "<｜DSML｜function_calls>",
        "<｜DSML｜function_calls",
        "<tool_call>{\"name\": \"fs_read\", \"arguments\": {\"path\": /a}}</tool_call>",
        "<invoke_tool>fs_read -> /a</invoke_tool>",
        "[TOOL_CALLS] fs_read the file",
        "```tool_code\nx = fs_read(open('/a'))\n```",
    ] {
        let (shown, calls, unreadable) = all(text, &tools());
        assert!(calls.is_empty() && unreadable.is_some(), "{text}: {calls:?} {unreadable:?}");
        let (shown_after, calls, unreadable) = all(&format!("Let me look.\n{text}"), &tools());
        if text != "<tool_call>do the thing</tool_call>" {
            assert_eq!((shown.trim(), shown_after.trim()), ("", "Let me look."), "{text}");
            assert!(calls.is_empty() && unreadable.is_some(), "{text}: {calls:?}");
        }
    }
}

#[test]
fn calls_where_no_tool_is_on_offer_are_told_of() {
    let call = ToolCall::new("fs.read", Default::default());
    let history = [crate::domain::message::Message::Assistant(crate::domain::message::AssistantMessage {
        calls: vec![call],
        ..Default::default()
    })];
    let names = Names::new(&[], &history);
    for text in [
        "<tool_call>{\"name\":\"fs_read\",\"arguments\":{}}</tool_call>",
        "{\"name\":\"fs_read\",\"arguments\":{}}",
        "<|tool_call_begin|>functions.fs_read:3<|tool_call_argument_begin|>{}<|tool_call_end|>",
    ] {
        let mut filter = TextCalls::new(&names, &[], true);
        let mut shown = String::new();
        filter.feed(text, &mut shown);
        let found = filter.end(&mut shown);
        assert!(found.calls.is_empty() && shown.contains("none is on offer"), "{text}: {shown}");
    }
    // Where nobody speaks of tools, what looks like a call is what was asked for.
    let names = Names::new(&[], &[]);
    let mut filter = TextCalls::new(&names, &[], true);
    let mut shown = String::new();
    filter.feed("<tool_call>{}</tool_call>", &mut shown);
    assert_eq!(
        (shown.as_str(), filter.end(&mut String::new()).unreadable),
        ("<tool_call>{}</tool_call>", None)
    );
}

#[test]
fn arguments_may_hold_the_marks() {
    let text = "<tool_call>{\"name\":\"fs_read\",\"arguments\":{\"path\":\"</tool_call> <tool_call>\"}}</tool_call>\nDone.";
    let (shown, calls) = told(text);
    assert_eq!((shown.trim(), calls.len()), ("Done.", 1));
}

#[test]
fn a_call_that_was_broken_off_is_known() {
    let (tools, mut shown) = (tools(), String::new());
    let names = Names::new(&tools, &[]);
    for (text, unclosed) in [
        ("<tool_call><function=fs_read><parameter=path>/et", true),
        ("<tool_call><function=fs_read><parameter=path>/etc</parameter></function></tool_call>", false),
    ] {
        let mut filter = TextCalls::new(&names, &tools, true);
        filter.feed(text, &mut shown);
        let found = filter.end(&mut shown);
        assert_eq!((found.calls.len(), found.unclosed), (1, unclosed), "{text}");
    }
}

#[test]
fn text_is_not_held_back_without_need() {
    let tools = tools();
    let names = Names::new(&tools, &[]);
    let mut filter = TextCalls::new(&names, &tools, true);
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

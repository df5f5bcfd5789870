//! All written forms mean the same.

use super::*;
use crate::domain::tool::Effect;
use serde_json::{Value, json};

fn read(text: &str) -> Vec<(String, Value)> {
    let parameters = json!({"type": "object", "properties": {
        "path": {"type": "string"}, "n": {"type": "integer"}, "argv": {"type": "array"},
    }});
    let tool = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters: parameters.clone().into(),
        effect: Effect::Read,
    };
    let tools = ["fs.read", "system.run"].map(tool);
    let names = Names::new(&tools, &[]);
    calls(text, &Declared { names: &names, tools: &tools })
        .into_iter()
        .map(|call| (names.to_ours(&call.name), call.args.map_or_else(|text| json!(text), Value::Object)))
        .collect()
}

#[test]
fn all_written_forms_mean_the_same() {
    let wanted = [("fs.read".to_owned(), json!({"path": "/a"}))];
    for text in [
        r#"{"name":"fs_read","arguments":{"path":"/a"}}"#,
        r#"{"name":"fs_read","arguments":"{\"path\":\"/a\"}"}"#,
        r#"{"name":"fs_read","parameters":{"path":"/a"}}"#,
        r#"{"name":"fs_read","inputs":{"path":"/a"}}"#,
        r#"{"tool":"fs_read","args":{"path":"/a"}}"#,
        r#"{"action":"fs_read","action_input":{"path":"/a"}}"#,
        r#"{"function":"fs_read","arguments":{"path":"/a"}}"#,
        r#"{"fs_read":{"path":"/a"}}"#,
        r#"{"type":"function","function":{"name":"fs_read","arguments":{"path":"/a"}}}"#,
        r#"{"tool_calls":[{"type":"function","function":{"name":"fs_read","arguments":"{\"path\":\"/a\"}"}}]}"#,
        r#"[{"name":"fs_read","arguments":{"path":"/a"}}]"#,
        r#"[{"tool_call_id":"0","tool_name":"fs_read","parameters":{"path":"/a"}}]"#,
        r#"{'name': 'fs_read', 'arguments': {'path': '/a'}}"#,
        "\n{\"name\":\"fs_read\",\"arguments\":{\"path\":\"/a\"}}\n",
        r#"<function=fs_read>{"path":"/a"}</function>"#,
        "<function=fs_read>\n<parameter=path>\n/a\n</parameter>\n</function>",
        r#"<invoke name="fs_read"><parameter name="path">/a</parameter></invoke>"#,
        r#"<invoke name='fs_read' id="3"><parameter name='path' string="true">/a</parameter></invoke>"#,
        r#"<invoke name="fs_read"><path>/a</path></invoke>"#,
        r#"<tool name="fs_read"><param name="path">/a</param></tool>"#,
        "<fs_read>\n<path>/a</path>\n</fs_read>",
        "<｜DSML｜invoke name=\"fs_read\"><｜DSML｜parameter name=\"path\" string=\"true\">/a</｜DSML｜parameter></｜DSML｜invoke>",
        "<‖DSML‖invoke name=\"fs_read\"><‖DSML‖parameter name=\"path\" string=\"true\">/a</‖DSML‖parameter></‖DSML‖invoke>",
        "]<]minimax[>[<invoke name=\"fs_read\">]<]minimax[>[<path>/a]<]minimax[>[</path>\n]<]minimax[>[</invoke>",
        "fs_read\n<arg_key>path</arg_key>\n<arg_value>/a</arg_value>\n",
        "fs_read<arg_key>path</arg_key><arg_value>/a</arg_value>",
        "fs_read\n<longcat_arg_key>path</longcat_arg_key>\n<longcat_arg_value>/a</longcat_arg_value>\n",
        r#"<|tool_call_begin|>functions.fs_read:0<|tool_call_argument_begin|>{"path":"/a"}<|tool_call_end|>"#,
        r#"<|tool_call_begin|> functions.fs_read:0 <|tool_call_argument_begin|> "{\"path\":\"/a\"}" <|tool_call_end|>"#,
        r#"<|tool_call_begin|>{"name":"fs_read","arguments":{"path":"/a"}}<|tool_call_end|>"#,
        r#"<｜tool▁call▁begin｜>fs_read<｜tool▁sep｜>{"path":"/a"}<｜tool▁call▁end｜>"#,
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>fs_read\n```json\n{\"path\":\"/a\"}\n```<｜tool▁call▁end｜>",
        "call:fs_read{path:<|\"|>/a<|\"|>}",
        "call:fs_read{path:<escape>/a<escape>}",
        r#"fs_read{"path":"/a"}"#,
        r#"fs_read {"path":"/a"}"#,
        r#"fs_read({"path":"/a"})"#,
        r#"fs_read[ARGS]{"path":"/a"}"#,
        r#"fs_read[CALL_ID]D681PevKs[ARGS]{"path":"/a"}"#,
        "fs_read\n```json\n{\"path\":\"/a\"}\n```",
        r#"[fs_read(path="/a")]"#,
        r#"fs_read(path='/a')"#,
        r#"print(fs_read(path="/a"))"#,
    ] {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn values_take_their_type() {
    let keyed = "fs_read<arg_key>path</arg_key><arg_value>7</arg_value><arg_key>n</arg_key><arg_value>7</arg_value>\
                 <arg_key>argv</arg_key><arg_value>[\"a\"]</arg_value>";
    let wanted = [("fs.read".to_owned(), json!({"path": "7", "n": 7, "argv": ["a"]}))];
    assert_eq!(read(keyed), wanted);
    let python = "fs_read(path='7', n=7, argv=['a'],)";
    assert_eq!(read(python), wanted);
    let marked = "<｜DSML｜invoke name=\"fs_read\"><｜DSML｜parameter name=\"x\" string=\"true\">7</｜DSML｜parameter>\
                  <｜DSML｜parameter name=\"y\" string=\"false\">7</｜DSML｜parameter></｜DSML｜invoke>";
    assert_eq!(read(marked), [("fs.read".to_owned(), json!({"x": "7", "y": 7}))]);
}

#[test]
fn calls_without_arguments() {
    let wanted = [("fs.read".to_owned(), json!({}))];
    for text in
        ["fs_read", "fs_read()", "<invoke name=\"fs_read\"></invoke>", "<function=fs_read></function>"]
    {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn several_at_once() {
    for text in [
        r#"{"name":"a","arguments":{}} {"name":"b","arguments":{}}"#,
        r#"a{"x":1}b{"y":2}"#,
        "<function=a></function><function=b></function>",
        "[a(x=1), b(y=2)]",
        "a(x=1)\nb(y=2)",
        "<|tool_call_begin|>functions.a:0<|tool_call_argument_begin|>{}<|tool_call_end|>\
         <|tool_call_begin|>functions.b:1<|tool_call_argument_begin|>{}<|tool_call_end|>",
        "<｜tool▁call▁begin｜>a<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁call▁begin｜>b<｜tool▁sep｜>{}<｜tool▁call▁end｜>",
    ] {
        assert_eq!(read(text).len(), 2, "{text}");
    }
}

#[test]
fn other_text_is_no_call() {
    for text in [
        "",
        "hello",
        "hello world",
        r#"{"name":"x"}"#,
        r#"{"name":"fs_read","size":3}"#,
        r#"{"a":1}"#,
        r#"{"a":{"b":1}}"#,
        "[1,2]",
        "{",
        "see {x}",
        "f(x)",
        "[link](http://x)",
        "<b>bold</b>",
        r#"{"name":1,"arguments":{}}"#,
    ] {
        assert_eq!(read(text), [], "{text}");
    }
}

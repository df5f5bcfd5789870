//! What the types say of values: each name is declared once, what a table may hold is accepted, and what
//! functions return has the fields that are typed.

use super::{reference, support::program::Home, value};
use openpista::reference::{FILES, Field, Parameter, STANDARD};
use serde_json::Value;
use std::collections::BTreeMap;

#[test]
fn no_type_is_declared_twice() {
    let mut declared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, text) in FILES.iter().chain([&STANDARD]) {
        for line in text.lines() {
            let rest = line.strip_prefix("---@class ").or_else(|| line.strip_prefix("---@alias "));
            if let Some(name) = rest.and_then(|rest| rest.split([' ', ':']).next()) {
                declared.entry(name).or_default().push(file);
            }
        }
    }
    assert!(declared.len() > 60, "{declared:?}");
    declared.retain(|_, files| files.len() > 1);
    assert!(declared.is_empty(), "declared more than once: {declared:?}");
}

#[test]
fn each_short_form_of_a_parameter_is_typed_and_accepted() {
    let alias = reference().aliases.iter().find(|alias| alias.entry.name == "pista.Parameter");
    let choices = alias.expect("pista.Parameter").choices.clone();
    let mut typed: Vec<&str> =
        choices.iter().filter(|choice| choice.starts_with('"')).map(|c| &**c).collect();
    let mut made = vec![];
    for kind in ["string", "integer", "number", "boolean", "object"] {
        for (list, optional) in [("", ""), ("", "?"), ("[]", ""), ("[]", "?")] {
            made.push(format!("\"{kind}{list}{optional}\""));
        }
    }
    let options = reference().fields("pista.ParameterOptions").expect("a class");
    let given = |field: &&Field| match field.name.as_str() {
        "type" => "type = 'string[]'".to_owned(),
        name => format!("{name} = {}", value(&field.kind.replace("any[]", "string[]"))),
    };
    let given: Vec<String> = options.iter().map(given).collect();
    let home = Home::new();
    let names =
        made.iter().enumerate().map(|(at, kind)| format!("p{at} = {kind}, q{at} = {{ type = {kind} }},"));
    home.init(&format!(
        "pista.tool {{ name = 'a', description = 'A', run = print, parameters = {{ {} all = {{ {} }} }} }}",
        names.collect::<Vec<_>>().join("\n"),
        given.join(", ")
    ));
    home.run(["check"]).ok();
    made.sort_unstable();
    typed.sort_unstable();
    assert_eq!(typed, made);
}

/// Calls, and the type of what they return.
const CALLS: &[(&str, &str)] = &[
    ("pista.system.run({ 'echo', 'hi' })", "pista.CommandResult"),
    ("pista.system.run('seq 100000')", "pista.CommandResult"),
    ("pista.system.run('kill -9 $$')", "pista.CommandResult"),
    ("pista.system.info()", "pista.system.info"),
    ("select(2, pista.fs.read('a/b.txt'))", "pista.fs.read 2"),
    ("pista.fs.list('.', { depth = 2 })", "pista.FsEntry[]"),
    ("pista.fs.search { pattern = 'e' }", "pista.fs.search"),
    ("pista.fs.search { glob = '*.txt' }", "pista.fs.search"),
    ("pista.fs.stat('a/b.txt')", "pista.fs.stat"),
    ("pista.tools.list()", "pista.ToolListing[]"),
    ("pista.tools.call('fs.read', { path = 'a/b.txt' })", "pista.ToolResult"),
    ("pista.tools.call('fs.read', { path = '/etc/shadow' })", "pista.ToolResult"),
    ("pista.llm.chat { prompt = 'hello' }", "pista.ModelAnswer"),
    ("pista.llm.models()", "pista.llm.models"),
    ("pista.memory.list()", "pista.Remembered[]"),
    ("pista.memory.search('oats')", "pista.Remembered[]"),
    ("pista.session.list()", "pista.SessionInfo[]"),
    ("pista.session.get('s')", "pista.SessionInfo"),
    ("pista.session.messages('s')", "pista.StoredMessage[]"),
    ("pista.session.new({ name = 'fresh' })", "pista.SessionInfo"),
    ("select(2, pista.ask_agent('main', 'hello'))", "pista.ask_agent 2"),
];

const INIT: &str = "pista.provider('lua', { model = 'm', \
      price = { input = 1, output = 2 }, context_window = 1000, \
      chat = function(request) \
        if #request.messages == 1 and request.messages[1].content == 'use a tool' then \
          return { tool_calls = { { name = 'fs.read', args = { path = 'a/b.txt' } } } } \
        end return 'done' end }) \
    pista.setup { model = 'lua/m' } \
    pista.agent('main', { tools = { allow = { 'system.run', 'fs.*' } } })";

/// The fields of a type: of a class, or of the table that the named function returns.
fn fields_of(kind: &str) -> Vec<Field> {
    let (name, at) = kind
        .split_once(' ')
        .map_or((kind, 0), |(name, at)| (name, at.parse::<usize>().expect("it works") - 1));
    let kind = match reference().functions.iter().find(|function| function.entry.name == name) {
        Some(function) => function.returns[at].kind.as_str(),
        None => name,
    };
    let kind = kind.trim_end_matches('?').trim_end_matches("[]").to_owned();
    let parameter = Parameter { name: String::new(), optional: false, kind, text: String::new() };
    parameter.fields(reference()).unwrap_or_else(|| panic!("{kind:?} has no fields", kind = parameter.kind))
}

/// Whether a value is of a type, as far as its form tells.
fn is_of(value: &Value, kind: &str) -> bool {
    let kind = kind.trim_end_matches('?');
    if kind.starts_with('{') || kind.ends_with("[]") || kind.starts_with("table") {
        return value.is_array() || value.is_object();
    }
    kind.split('|').any(|kind| match kind {
        "any" => true,
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        literal if literal.starts_with('"') => value.as_str() == Some(literal.trim_matches('"')),
        _ => value.is_object(),
    })
}

fn compare(call: &str, result: &Value, fields: &[Field]) {
    let result = result.as_object().unwrap_or_else(|| panic!("{call}: {result}"));
    for (key, value) in result {
        let field = fields.iter().find(|field| field.name == *key);
        let field = field.unwrap_or_else(|| panic!("{call}: {key} = {value} is not typed"));
        assert!(is_of(value, &field.kind), "{call}: {key} = {value} is no {}", field.kind);
    }
    for field in fields.iter().filter(|field| !field.optional) {
        assert!(result.contains_key(&field.name), "{call}: there is no {}", field.name);
    }
}

#[test]
fn what_functions_return_has_the_fields_that_are_typed() {
    let home = Home::new();
    home.init(INIT);
    home.write(&home.work().join("a/b.txt"), "hello\n");
    home.run(["run", "--session", "s", "use a tool"]).ok();
    home.run(["eval", "pista.memory.add('oats for breakfast', { tags = { 'food' } })"]).ok();
    for (call, kind) in CALLS {
        let code = format!("print(pista.json.encode((({call}))))");
        let file = home.write(&home.path().join("call.lua"), &code);
        let ran = home.run(["lua".as_ref(), file.as_os_str()]).ok();
        let result: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{call}: {e} {}", ran.out));
        let fields = fields_of(kind);
        match result.as_array() {
            Some(results) => {
                assert!(!results.is_empty(), "{call} returned nothing");
                results.iter().for_each(|result| compare(call, result, &fields));
            }
            None => compare(call, &result, &fields),
        }
    }
}

#[test]
fn editors_know_what_setup_takes() {
    let setup = reference().functions.iter().find(|f| f.entry.name == "pista.setup").expect("setup");
    let fields = setup.parameters[0].fields(reference()).expect("a typed table");
    let typed: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let keys: Vec<&str> = openpista::config::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(typed, keys);
}

//! The types of the API say what there is and nothing else: its tables, its hook points and events, and
//! the keys that its functions take.
#![allow(missing_docs)]

#[path = "support/mod.rs"]
mod support;

#[path = "reference/editors.rs"]
mod editors;
mod script_support;
#[path = "reference/types.rs"]
mod types;
#[path = "reference/unknown.rs"]
mod unknown;

use openpista::reference::{FILES, Field, Function, Parameter, STANDARD, reference};
use openpista::script::{HostOptions, ScriptHost, Source};
use script_support::{fails, limit, options, start};
use std::{collections::BTreeSet, ffi::OsStr, path::Path};
use support::program::Home;

/// A key that nothing takes, and that is near to none.
const NO_KEY: &str = "zzzzzzzzzzzz";

#[test]
fn every_type_file_comes_with_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lua/pista/_meta");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let files = || FILES.iter().chain([&STANDARD]);
    let embedded: BTreeSet<String> = files().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, embedded);
    assert!(files().all(|(_, text)| text.starts_with("---@meta")));
}

#[tokio::test]
async fn every_type_file_is_lua() {
    let generation = start("").await;
    for (name, text) in FILES.iter().chain([&STANDARD]) {
        let code = format!("assert(load({}, {name:?}))", long_string(text));
        let evaluated = generation.handle.eval(code, limit(5000)).await;
        assert!(matches!(evaluated.outcome, openpista::script::Outcome::Values(_)), "{name}: {evaluated:?}");
    }
}

fn long_string(text: &str) -> String {
    assert!(!text.contains("]==]"));
    format!("[==[\n{text}]==]")
}

/// The functions that only the files of specs have, as globals.
fn of_specs() -> impl Iterator<Item = &'static str> {
    let names = reference().functions.iter().map(|function| function.entry.name.as_str());
    names.filter(|name| !name.contains('.') && *name != "help")
}

#[tokio::test]
async fn the_types_name_what_there_is_and_nothing_else() {
    let source = Source::Embedded { name: "init.lua".into(), text: "".into() };
    let generation =
        ScriptHost::start(source, HostOptions { specs: true, ..options() }).await.expect("an empty file");
    let walk = "local all = {} \
        local function walk(t, name) for k, v in pairs(t) do \
          local full = name .. '.' .. k \
          if type(v) == 'table' then all[#all + 1] = full .. ' module' walk(v, full) \
          else all[#all + 1] = full .. ' ' .. (type(v) == 'function' and 'function' or 'value') end \
        end end walk(pista, 'pista') print(table.concat(all, '\\n'))";
    let printed = generation.handle.eval(walk, limit(5000)).await.printed;
    let mut there: BTreeSet<String> = printed.lines().map(str::to_owned).collect();
    there.extend(["pista module".to_owned(), "help function".to_owned()]);
    there.extend(of_specs().map(|name| format!("{name} function")));
    let reference = reference();
    let functions = reference.functions.iter().map(|f| format!("{} function", f.entry.name));
    let members = reference.members.iter().map(|m| format!("{} value", m.entry.name));
    let modules = reference.modules.iter().map(|m| format!("{} module", m.entry.name));
    let typed: BTreeSet<String> = functions.chain(members).chain(modules).collect();
    assert_eq!(there, typed);
}

#[test]
fn the_globals_of_specs_are_there_in_specs_alone() {
    let home = Home::new();
    home.init("return");
    let names: Vec<_> = of_specs().map(|name| format!("{name:?}")).collect();
    let text = format!("for _, name in ipairs {{ {} }} do assert(_ENV[name], name) end", names.join(", "));
    let spec =
        home.write(&home.config().join("a_spec.lua"), &format!("{text}\nit('is there', function() end)"));
    home.run([OsStr::new("test"), spec.as_os_str()]).ok();
    home.run(["eval", &text]).code(1).complains(["expect"]);
    home.run(["eval", "pista.test"]).ok();
    assert_eq!(home.run(["eval", "pista.test"]).out, "nil\n");
}

#[test]
fn signatures_and_descriptions_agree() {
    for (file, text) in FILES {
        for line in text.lines().filter_map(|line| line.strip_prefix("function ")) {
            let (name, rest) = line.split_once('(').expect("a signature");
            let written: Vec<&str> =
                rest.split(')').next().unwrap_or("").split(", ").filter(|p| !p.is_empty()).collect();
            let function = reference().functions.iter().find(|f| f.entry.name == name).expect(name);
            let described: Vec<&str> = function.parameters.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(written, described, "{file}: {name}");
        }
    }
}

#[test]
fn every_type_that_is_named_is_there() {
    let reference = reference();
    let known: BTreeSet<&str> = (reference.classes.iter().map(|c| c.entry.name.as_str()))
        .chain(reference.aliases.iter().map(|a| a.entry.name.as_str()))
        .collect();
    let mut kinds: Vec<String> = vec![];
    for function in &reference.functions {
        kinds.extend(function.parameters.iter().map(|p| p.kind.clone()));
        kinds.extend(function.returns.iter().map(|r| r.kind.clone()));
        kinds.extend(function.overloads.clone());
    }
    kinds.extend(reference.classes.iter().flat_map(|class| &class.fields).map(|field| field.kind.clone()));
    kinds.extend(reference.classes.iter().filter_map(|class| class.parent.clone()));
    let mut named = 0;
    for kind in kinds {
        for (at, _) in kind.match_indices("pista.") {
            let word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
            let name: String = kind[at..].chars().take_while(word).collect();
            assert!(known.contains(name.as_str()), "{name} in {kind:?} is no type");
            named += 1;
        }
    }
    assert!(named > 20, "only {named} names of types were found");
}

/// What the error for an unknown name lists.
fn listed(error: &str) -> BTreeSet<String> {
    let list = ["(there is ", "The arguments are: ", "the keys are "].iter().find_map(|before| {
        let rest = error.split(before).nth(1)?;
        rest.split([')', '\n']).next()
    });
    list.unwrap_or_else(|| panic!("no list in {error:?}")).split(", ").map(str::to_owned).collect()
}

fn unquoted<'a>(choices: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    choices.map(|choice| choice.trim_matches('"').to_owned()).collect()
}

#[tokio::test]
async fn events_and_hook_points_are_typed() {
    let reference = reference();
    let events = reference.aliases.iter().find(|alias| alias.entry.name == "pista.Event").expect("events");
    let typed = unquoted(events.choices.iter().map(String::as_str));
    assert_eq!(listed(&fails(&format!("pista.on('{NO_KEY}', print)")).await), typed);

    let hook = reference.functions.iter().find(|f| f.entry.name == "pista.hook").expect("pista.hook");
    let point = hook.parameters.iter().find(|p| p.name == "point").expect("a point");
    let overloads = hook.overloads.iter().filter_map(|o| o.split("point: ").nth(1)?.split(", ").next());
    let typed = unquoted(point.kind.split('|').chain(overloads.flat_map(|kinds| kinds.split('|'))));
    assert_eq!(listed(&fails(&format!("pista.hook('{NO_KEY}', print)")).await), typed);
}

/// Keys of a function that have to be there before others are looked at, although each can be left out.
const NEEDED: &[(&str, &str)] = &[("pista.provider", "base_url = 'http://127.0.0.1:9/v1'")];

/// Keys that a function takes by another argument.
const ELSEWHERE: &[(&str, &[&str])] = &[("pista.system.run", &["argv", "command"])];

/// A value of a type, as Lua.
fn value(kind: &str) -> String {
    let first = kind.split('|').next().unwrap_or_default();
    match first.trim_end_matches('?') {
        "string" => "'x'".into(),
        "number" | "integer" => "1".into(),
        "boolean" => "true".into(),
        "string[]" => "{ 'true' }".into(),
        literal if literal.starts_with('"') => literal.into(),
        function if function.starts_with("fun(") => "function() end".into(),
        _ => "{}".into(),
    }
}

/// What happens when `function` gets `options` in the place of the parameter `at`.
fn call(home: &Home, function: &Function, at: usize, options: &str) -> String {
    let argument = |(index, parameter): (usize, &Parameter)| match parameter.name.as_str() {
        _ if index == at => options.to_owned(),
        "line" => "'/x'".into(),
        _ => value(&parameter.kind),
    };
    let arguments: Vec<_> = function.parameters.iter().enumerate().map(argument).collect();
    let code = format!("{}({})", function.entry.name, arguments.join(", "));
    home.init("return");
    if function.entry.name.starts_with("pista.test.") {
        let spec = format!("it('is refused', function() {code} end)");
        let spec = home.write(&home.config().join("a_spec.lua"), &spec);
        return home.run([OsStr::new("test"), spec.as_os_str()]).out;
    }
    let acted = home.run(["eval", &code]);
    if !acted.err.contains("only while the configuration loads") {
        return acted.err;
    }
    home.init(&code);
    home.run(["check"]).err
}

/// Checks the keys of the table that `fields` are the types of. `within` makes the options around it.
fn check(
    home: &Home,
    function: &Function,
    at: usize,
    fields: &[Field],
    within: &dyn Fn(&str) -> String,
) -> usize {
    let name = function.entry.name.as_str();
    let error = call(home, function, at, &within(&format!("{NO_KEY} = 1")));
    assert!(error.contains(NO_KEY), "{name} takes any key in {}: {error}", within("…"));
    let mut known = listed(&error);
    for key in ELSEWHERE.iter().filter(|(known, _)| *known == name).flat_map(|(_, keys)| *keys) {
        assert!(known.remove(*key), "{name} takes no {key}");
    }
    let typed: BTreeSet<String> = fields.iter().map(|field| field.name.clone()).collect();
    assert_eq!(known, typed, "{name}: the keys it knows, and those that are typed");
    let other = NEEDED.iter().filter(|(known, _)| *known == name).map(|(_, keys)| format!("{keys}, "));
    let required = fields.iter().filter(|field| !field.optional);
    let required = required.map(|field| format!("{} = {}, ", field.name, value(&field.kind)));
    let needed: String = required.chain(other).collect();
    let nested = fields.iter().filter_map(|field| Some((field, field.fields(reference())?)));
    let inner = nested.map(|(field, inner)| {
        let key = &field.name;
        check(home, function, at, &inner, &|inside| within(&format!("{needed}{key} = {{ {inside} }}")))
    });
    1 + inner.sum::<usize>()
}

#[test]
fn the_keys_that_functions_take_are_typed() {
    let home = Home::new();
    let mut tables = 0;
    for function in &reference().functions {
        for (at, parameter) in function.parameters.iter().enumerate() {
            if let Some(fields) = parameter.fields(reference()) {
                tables += check(&home, function, at, &fields, &|inside| format!("{{ {inside} }}"));
            }
        }
    }
    assert!(tables >= 8, "only {tables} tables of options were found");
}

//! Dependencies point one way: the rules of `docs/architecture.md`, read off the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a module may name of the crate. A module that is not listed may name anything that is not
/// reserved below.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("policy", &["domain"]),
    ("frame", &[]),
    ("instance", &[]),
    ("sandbox", &["domain", "frame", "instance"]),
    ("skill", &["domain"]),
    ("memory", &["domain", "health", "instance"]),
    ("llm", &["domain", "config"]),
    ("net", &["domain"]),
    ("tool", &["domain", "policy", "sandbox", "config", "skill", "net"]),
    ("script", &["domain", "config", "sandbox", "cron", "reference", "health"]),
    ("reference", &["domain"]),
    ("agent", &["domain", "policy"]),
    ("channel", &["domain", "net", "health"]),
    ("cron", &["domain", "health"]),
    ("gateway", &["domain", "policy", "agent", "channel", "health"]),
    ("telemetry", &["domain", "config"]),
    ("front", &["domain"]),
    ("quic", &["domain", "frame", "health"]),
    ("attach", &["domain", "quic"]),
    ("watch", &[]),
    ("health", &[]),
    ("worker", &["domain", "policy", "sandbox", "quic", "tool", "agent", "frame", "instance"]),
];

/// Crates that only one folder may name.
const OWNED: &[(&str, &[&str])] = &[
    ("mlua", &["script"]),
    ("rusqlite", &["memory"]),
    ("async_openai", &["llm"]),
    ("reqwest", &["llm", "net"]),
    ("teloxide_core", &["channel"]),
    ("reqwest_012", &["channel"]),
    ("pulldown_cmark", &["channel"]),
    ("quinn", &["quic"]),
    ("rcgen", &["quic"]),
    ("rustyline", &["repl"]),
    ("qrcode", &["cli"]),
    ("croner", &["cron"]),
    ("chrono", &["cron", "script"]),
    ("chrono_tz", &["cron", "app", "script"]),
    ("tokio_cron_scheduler", &["cron"]),
    ("notify", &["watch"]),
    ("cap_std", &["tool"]),
    ("bollard", &["sandbox"]),
    ("hyper", &["channel"]),
    ("governor", &["gateway"]),
    ("wasmtime", &["sandbox"]),
    ("wasmtime_wasi", &["sandbox"]),
    ("serde_saphyr", &["skill"]),
    ("clap", &["main", "cli"]),
    ("anyhow", &["main", "cli", "app", "repl"]),
];

/// Crates that the plain data may not know.
const NOT_IN_DOMAIN: &[&str] =
    &["tokio", "tokio_util", "mlua", "rusqlite", "reqwest", "quinn", "futures_util", "anyhow"];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The module at the top level that a file belongs to.
fn module(path: &Path) -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(&src).expect("below src").components().next().expect("a component");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The code of a file without its comments and what stands in quotes.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable source");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    // Escaped quotes come in pairs in our sources or end a line; every other part is outside quotes.
    let outside =
        |line: &str| line.replace("\\\"", "").split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    lines.map(outside).collect::<Vec<_>>().join("\n")
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Whether `code` names the crate `name` as a path root: `name::…`, `use name;`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let rest = &code[at + name.len()..];
        !is_word(before)
            && before != Some(':')
            && before != Some('.')
            && before != Some('"')
            && (rest.starts_with("::") || rest.starts_with("::{"))
    })
}

/// The modules of this crate that `code` names: `crate::a`, `crate::{a::…, b}`.
fn crate_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if is_word(code[..at].chars().next_back()) || code[..at].ends_with("in ") {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let ident = |text: &str| text.chars().take_while(|&c| is_word(Some(c))).collect::<String>();
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item_begins = true;
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => item_begins = true,
                    c if item_begins && is_word(Some(c)) => {
                        found.insert(ident(&list[i..]));
                        item_begins = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(ident(rest));
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let mut files = vec![];
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "the sources were found");
    let mut wrong = vec![];
    for path in &files {
        let module = module(path);
        let code = code(path);
        if let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) {
            for used in crate_modules(&code) {
                if used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{}: {module} may not use {used}", path.display()));
                }
            }
        }
        if !["app", "cli", "repl", "script", "lib", "main"].contains(&module.as_str())
            && crate_modules(&code).contains("script")
        {
            wrong.push(format!("{}: only app, cli and repl may use script", path.display()));
        }
        for (name, owners) in OWNED {
            if names_crate(&code, name) && !owners.contains(&module.as_str()) {
                wrong.push(format!("{}: {name} belongs to {}", path.display(), owners.join(", ")));
            }
        }
        if module == "domain" {
            for name in NOT_IN_DOMAIN {
                if names_crate(&code, name) {
                    wrong.push(format!("{}: domain may not use {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_sources_sees_what_it_should() {
    let code = "use crate::{domain::{id::TurnId, call}, policy::Gate};\npub(in crate::policy) fn x() { crate::tool::y() }";
    let modules: Vec<_> = crate_modules(code).into_iter().collect();
    assert_eq!(modules, ["domain", "policy", "tool"]);
    assert!(names_crate("use mlua::Lua;", "mlua"));
    assert!(names_crate("fn f() -> mlua::Result<()> {}", "mlua"));
    assert!(!names_crate("use crate::not_mlua::x;", "mlua"));
    assert!(!names_crate("my.mlua", "mlua"));
}

#[test]
fn rooms_stay_small() {
    let mut files = vec![];
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, fs::read_to_string(path).expect("a readable source").lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "files of more than 600 lines hold two ideas:\n{}", long.join("\n"));
}

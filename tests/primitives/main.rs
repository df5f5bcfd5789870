//! What handlers can do: each primitive, driven through the built program.
#![allow(missing_docs)]

#[path = "../script_support/mod.rs"]
mod script_support;
#[path = "../support/mod.rs"]
mod support;

mod examples;
mod files;
mod http;
mod http_tool;
mod kv;
mod llm;
mod loading;
mod machine;
mod memory;
mod secrets;
mod sessions;
mod spawn;
mod ssrf;
mod time;
mod web;

use support::program::Home;

/// Evaluates each expression at the REPL's prompt, and returns what it shows, one line each.
#[track_caller]
pub(crate) fn shows<'a>(home: &Home, expressions: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lines: Vec<String> = expressions.into_iter().map(|code| format!("={code}\n")).collect();
    let ran = home.pipe(["repl"], lines.concat());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{lines:?}");
    let shown: Vec<String> = ran.out.lines().map(str::to_owned).collect();
    assert_eq!(shown.len(), lines.len(), "{shown:#?}");
    shown
}

/// The kind and the message of the error that an expression raises.
#[track_caller]
pub(crate) fn fails(home: &Home, code: &str) -> (String, String) {
    let line = format!(
        "=(function() local ok, e = pcall(function() return {code} end) assert(not ok, 'this works') \
         print(e.kind) print((e.message:gsub('%s*\\n%s*', ' '))) end)()\n"
    );
    let ran = home.pipe(["repl"], line);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{code}");
    let (kind, message) = ran.out.trim_end().split_once('\n').expect("two lines");
    (kind.to_owned(), message.to_owned())
}

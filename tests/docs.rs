//! Every snippet of the README and the docs is run: shell lines by the built binary, Lua and TOML as
//! configurations.
#![allow(missing_docs)]

#[path = "docs/fields.rs"]
mod fields;

use openpista::config::types;
use openpista::reference::{page, reference};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A fenced block: its language, its text, where it stands.
struct Snippet {
    language: String,
    text: String,
    place: String,
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("skills/README.md")];
    let docs = fs::read_dir(root.join("docs")).expect("docs");
    pages.extend(
        docs.map(|entry| entry.expect("an entry").path()).filter(|p| p.extension() == Some("md".as_ref())),
    );
    pages
}

fn snippets() -> Vec<Snippet> {
    let mut found = vec![];
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a readable page");
        let mut open: Option<Snippet> = None;
        for (number, line) in text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => {
                    open = Some(Snippet {
                        language: language.trim().to_owned(),
                        text: String::new(),
                        place: format!("{}:{}", page.display(), number + 1),
                    });
                }
                (Some(_), Some(_)) => found.extend(open.take()),
                (Some(snippet), None) => snippet.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", page.display());
    }
    found
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("notes.txt"), "TODO: water the plants\n").expect("a file");
        // What the docs take for granted.
        let script = dir.path().join("deploy.sh");
        fs::write(&script, "#!/bin/sh\necho deployed to $1\n").expect("a file");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("permissions");
        Self(dir)
    }

    /// A shell line, with the ways in which the docs call the program leading to the built one.
    fn shell(&self, line: &str) -> Output {
        let built = env!("CARGO_BIN_EXE_openpista");
        let line = line.replace("cargo run --release --", "openpista");
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", &format!("openpista() {{ '{built}' \"$@\"; }}\n{line}")])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("OPENPISTA_LOCAL_SERVERS", "[]")
            .current_dir(self.0.path())
            .output()
            .expect("bash")
    }
}

fn assert_ok(place: &str, what: &str, output: &Output) {
    assert!(
        output.status.success(),
        "{place}: {what}\nends with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Lines that would test the tests, or need what a test has not (a terminal, a key, a clone).
fn is_for_elsewhere(line: &str) -> bool {
    // Those of docs/webhook.md are run by tests/webhook/pages.rs.
    line.starts_with("curl ")
        || line.starts_with("scripts/test")
        || line.starts_with("export ")
        || line.starts_with("cargo bench")
}

/// What is only called inside a handler is not run here: its names have to exist all the same.
fn assert_known_names(place: &str, text: &str) {
    let reference = reference();
    let functions = reference.functions.iter().map(|function| &function.entry.name);
    let members = reference.members.iter().map(|member| &member.entry.name);
    let modules = reference.modules.iter().map(|module| &module.entry.name);
    let known: BTreeSet<&String> = functions.chain(members).chain(modules).collect();
    for (at, _) in text.match_indices("pista.") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"')) {
            continue;
        }
        let word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        let name: String = text[at..].chars().take_while(word).collect();
        assert!(known.contains(&name), "{place}: there is no {name}");
    }
}

/// Pages whose commands and jobs are run by other tests, or by the specs that stand behind them.
const RUN_ELSEWHERE: &[&str] = &["docs/workers.md", "docs/testing.md"];

/// Commands and jobs that a block declares are run, not only loaded.
fn assert_handlers_run(place: &str, text: &str, scratch: &Scratch) {
    if RUN_ELSEWHERE.iter().any(|page| place.contains(page)) {
        return;
    }
    for name in declared(text, "pista.command(") {
        let output = scratch.shell(&format!("echo '/{name} one two' | openpista --config init.lua repl"));
        assert_ok(place, &name, &output);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("error"), "{place}: /{name}: {said}");
    }
    for name in declared(text, "pista.cron(") {
        let output = scratch.shell(&format!("openpista --config init.lua cron run {name}"));
        let said = String::from_utf8_lossy(&output.stderr);
        // There is no bot here to deliver a text.
        assert!(
            output.status.success() || said.contains("its text was not delivered"),
            "{place}: the job {name}: {said}"
        );
    }
}

/// The names behind a word, in quotes.
fn declared(text: &str, word: &str) -> Vec<String> {
    let name = |rest: &str| Some(rest.trim_start().strip_prefix('"')?.split('"').next()?.to_owned());
    text.split(word).skip(1).filter_map(name).collect()
}

/// A file that is made of something else. `UPDATE_DOCS=1 cargo test --test docs` writes it.
fn assert_up_to_date(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, made).expect(file);
    }
    let there = fs::read_to_string(&path).expect(file);
    assert!(there == made, "{file} is of another version: UPDATE_DOCS=1 cargo test --test docs writes it");
}

/// Made of the type files.
#[test]
fn the_page_of_the_lua_api_is_up_to_date() {
    assert_up_to_date("docs/lua.md", &page());
}

/// Made of the table of settings.
#[test]
fn the_types_of_the_settings_are_up_to_date() {
    assert_up_to_date("lua/pista/_meta/settings.d.lua", &types());
}

#[test]
fn every_snippet_works() {
    let snippets = snippets();
    let mut run = 0;
    let mut init = "";
    for Snippet { language, text, place } in &snippets {
        let scratch = Scratch::new();
        match language.as_str() {
            // A daemon that the lines after it speak to.
            "sh" if text.starts_with("openpista start") => {
                let (_, rest) = text.split_once('\n').expect("lines that speak to it");
                let script = format!(
                    "export OPENPISTA_LISTEN=127.0.0.1:0\nopenpista start >/dev/null 2>&1 &\n\
                     until openpista status >/dev/null; do sleep 0.1; done\n{rest}"
                );
                assert_ok(place, text, &scratch.shell(&script));
                run += 1;
            }
            "sh" => {
                for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
                    if !is_for_elsewhere(line) {
                        assert_ok(place, line, &scratch.shell(line));
                        run += 1;
                    }
                }
            }
            "lua" => {
                init = text;
                assert_known_names(place, text);
                let load = |text: &str| {
                    fs::write(scratch.0.path().join("init.lua"), text).expect("a file");
                    scratch.shell("openpista --config init.lua tools")
                };
                let mut loaded = load(text);
                let said = String::from_utf8_lossy(&loaded.stderr);
                if ["only inside a handler", "only in a script"].iter().any(|why| said.contains(why)) {
                    loaded = load(&format!("pista.on('shutdown', function()\n{text}\nend)"));
                }
                assert_ok(place, text, &loaded);
                assert_handlers_run(place, text, &scratch);
                run += 1;
            }
            // A spec, or a recorded conversation, of the configuration above it.
            "lua spec" | "json trace" => {
                let name = if language == "lua spec" { "a_spec.lua" } else { "a_trace.json" };
                fs::write(scratch.0.path().join("init.lua"), init).expect("a file");
                fs::write(scratch.0.path().join(name), text).expect("a file");
                assert_ok(place, text, &scratch.shell("openpista --config init.lua test"));
                run += 1;
            }
            "toml" => {
                let config = scratch.0.path().join(".config/openpista");
                fs::create_dir_all(&config).expect("a directory");
                fs::write(config.join("config.toml"), text).expect("a file");
                assert_ok(place, text, &scratch.shell("openpista config show"));
                run += 1;
            }
            // Frames, one behind the other.
            "json" => {
                for value in serde_json::Deserializer::from_str(&text.replace("{…}", "{}"))
                    .into_iter::<serde_json::Value>()
                {
                    assert!(value.is_ok(), "{place}: no JSON: {value:?}");
                }
            }
            // Run by tests/quic/foreign.rs.
            "python" if place.contains("docs/protocol.md") => {}
            // Pictures and what programs print.
            "" | "text" => {}
            other => panic!("{place}: a block of {other:?}, which no test runs"),
        }
    }
    assert!(run >= 8, "only {run} snippets were found");
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a readable page");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") || target.starts_with('#') {
                continue;
            }
            let file = target.split('#').next().unwrap_or_default();
            let path = page.parent().expect("a folder").join(file);
            assert!(path.exists(), "{}: {target} leads nowhere", page.display());
        }
    }
}

//! The types as an editor reads them. `OPENPISTA_TEST_EMMYLUA` names `emmylua_check`; CI installs it.

use super::support::program::Home;
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// The files that `openpista init` writes.
fn begun() -> Home {
    let home = Home::new().env("OPENPISTA_LOCAL_SERVERS", "[]");
    home.run(["init", "--yes"]).ok();
    home
}

#[test]
fn editors_are_led_to_the_types_and_to_modules() {
    let home = begun();
    let luarc = fs::read_to_string(home.config().join(".luarc.json")).expect("a file");
    let luarc: Value = serde_json::from_str(&luarc).expect("JSON");
    let library = luarc["workspace.library"][0].as_str().expect("a directory");
    assert!(home.config().join(library).join("settings.d.lua").is_file());
    assert!(home.config().join(library).join("standard.d.lua").is_file());
    // What `require` looks for, so do editors.
    let paths = luarc["runtime.path"].as_array().expect("paths");
    for (module, file) in [("one", "one.lua"), ("lib.two", "lib/two.lua"), ("three", "lua/three/init.lua")] {
        home.write(&home.config().join(file), "return { ok = true }");
        home.init(&format!("assert(require('{module}').ok)"));
        home.run(["check"]).ok();
        let tried =
            paths.iter().map(|path| path.as_str().expect("text").replace('?', &module.replace('.', "/")));
        assert!(tried.into_iter().any(|path| path == file), "editors do not find {file}: {paths:?}");
    }
    // The libraries that are not here, and those that are in part.
    let printed = home.run(["eval", "return io, debug, package, os.execute, os.remove"]).ok().out;
    assert_eq!(printed.trim(), "nil, nil, nil, nil, nil");
    for library in ["io", "debug", "package", "os"] {
        assert_eq!(luarc["runtime.builtin"][library], "disable", "{library}");
    }
}

/// Puts everything that is written in Lua for people beside an `init.lua`.
fn gather(home: &Home) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written = 0;
    let mut write = |name: String, text: &str| {
        home.write(&home.config().join(name), text);
        written += 1;
    };
    write("shipped.lua".into(), &fs::read_to_string(root.join("init.lua")).expect("a file"));
    for entry in fs::read_dir(root.join("lua/examples")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            write(format!("example_{name}"), &fs::read_to_string(&path).expect("a file"));
        }
    }
    let docs = fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    for page in docs.chain([root.join("README.md")]).filter(|path| path.extension() == Some("md".as_ref())) {
        let text = fs::read_to_string(&page).expect("a page");
        let snippets = text.split("\n```lua\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        for (number, snippet) in snippets.enumerate() {
            let name = page.file_stem().expect("a name").to_string_lossy().into_owned();
            write(format!("docs_{name}_{number}.lua"), &format!("{snippet}\n"));
        }
    }
    written
}

/// What it is called with, and what it said.
fn checked(program: &str, home: &Home) -> (bool, String) {
    let ran = Command::new(program)
        .arg(home.config())
        .args(["--warnings-as-errors", "--severity", "warn"])
        .output();
    let ran = ran.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    (ran.status.success(), said)
}

/// Slips that are to be seen while they are typed.
const SLIPS: &[(&str, &str)] = &[
    ("pista.agnet('a', {})", "agnet"),
    ("pista.setup { modell = 'x' }\npista.setup { max_tool_rounds = 'many' }", "max_tool_rounds"),
    ("pista.tool { name = 'a', description = 'A', run = print, parameters = { n = 'intger' } }", "intger"),
    ("pista.log.info(1, 2, 3, 4)", "pista.log.info"),
    ("local result = pista.system.run({ 'ls' })\nprint(result.exitcode)", "exitcode"),
];

#[test]
fn what_is_written_for_people_passes_the_check_of_editors() {
    let program = std::env::var("OPENPISTA_TEST_EMMYLUA").unwrap_or_default();
    if program.is_empty() {
        // Building it takes minutes, so that "all" does not take it in: a job of CI asks for it by name.
        let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "emmylua_check"), "emmylua_check is required here");
        eprintln!("SKIPPED, needs an emmylua_check, named by OPENPISTA_TEST_EMMYLUA");
        return;
    }
    let home = begun();
    let (passes, said) = checked(&program, &home);
    assert!(passes, "what init writes: {said}");
    assert!(gather(&home) > 40);
    let (passes, said) = checked(&program, &home);
    assert!(passes, "{said}");
    for (text, word) in SLIPS {
        let home = begun();
        home.init(text);
        let (passes, said) = checked(&program, &home);
        assert!(!passes && said.contains(word), "{text}\nis not seen: {said}");
    }
}

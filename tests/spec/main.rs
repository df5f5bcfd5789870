//! `openpista test`: the built program runs the specs of an init.lua.

#[path = "../support/mod.rs"]
mod support;

mod doors;
mod finding;
mod forms;
mod isolation;
mod matchers;
mod outside;
mod required;
mod suites;
mod traces;
mod turns;

use support::program::{Home, Ran};

/// An init.lua with something to look at.
const INIT: &str = r#"
pista.agent("main", {
  prompt = "Be kind.",
  tools = { allow = { "fs.read", "weather" }, ask = { "system.run" }, deny = { "fs.write" } },
})
pista.agent("other", { prompt = function(ctx) return "You speak to " .. ctx.user end })
pista.tool { name = "weather", description = "Weather.", parameters = { city = "string" },
  run = function(args) return "sunny in " .. args.city end }
pista.hook("tool_call", function(call)
  if call.name == "system.run" and call.args.argv and call.args.argv[1] == "git" then return pista.allow() end
end)
"#;

/// Runs specs under [`INIT`].
fn spec(text: &str) -> Ran {
    under(INIT, text)
}

/// Runs specs under an init.lua.
fn under(init: &str, text: &str) -> Ran {
    let home = Home::new();
    home.init(init);
    home.write(&home.config().join("a_spec.lua"), text);
    home.run(["test"])
}

/// The message of the only failure of the body of an `it`, which stands in line 2.
#[track_caller]
fn failure(body: &str) -> String {
    let ran = spec(&format!("it(\"x\", function()\n{body}\nend)")).code(1);
    assert!(ran.out.contains("a_spec.lua:2)"), "the place is told: {}", ran.out);
    let told = ran.out.split("\n1) x\n").nth(1).unwrap_or_else(|| panic!("{ran:#?}"));
    let lines: Vec<&str> = told.lines().skip(1).take_while(|line| !line.is_empty()).map(str::trim).collect();
    lines.join("\n")
}

/// Runs the body of an `it` that has to pass.
#[track_caller]
fn passes(body: &str) {
    let ran = spec(&format!("it(\"x\", function()\n{body}\nend)"));
    assert!(ran.code == Some(0) && ran.out.ends_with("1 passed, 0 failed\n"), "{body}\n{ran:#?}");
}

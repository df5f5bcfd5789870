//! The clients of a daemon: `pair`, `connect`, `devices`, and `repl`, `run` and `eval` where one runs.

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod breaking;
mod devices;
mod following;
mod pairing;
mod prompt;
mod roaming;
mod roles;
mod running;

use serde_json::{Value, json};
use support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Ran},
    terminal::Terminal,
};

/// The prompt, with nothing typed yet.
const PROMPT: &str = "›";
/// The end of the question about a call.
const QUESTION: &str = "[a]lways exactly this:";
const CTRL_C: &str = "\x03";

/// Always wants to touch `made`, then answers.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("It is done."),
        _ => Reply::call("system_run", json!({"argv": ["touch", "made"]})),
    })
}

/// The REPL of a daemon at a terminal, waiting for a line.
fn attach(home: &Home) -> Terminal {
    let terminal = Terminal::start(home.command(["repl"]));
    terminal.sees("attached to the daemon, pid");
    terminal.at(PROMPT);
    terminal
}

/// Types a line, waits for the next prompt, and returns what was shown between the two.
#[track_caller]
fn answer(terminal: &mut Terminal, line: &str) -> String {
    let before = terminal.screen();
    terminal.line(line);
    let after = terminal.until("the next prompt", |screen| {
        let text = screen.text();
        text.len() > before.len() + line.trim().len() && text.lines().last() == Some(PROMPT)
    });
    let shown = after.strip_prefix(before.trim_end()).unwrap_or(&after);
    let shown = shown.strip_suffix(PROMPT).unwrap_or(shown).trim_end();
    shown.split_once('\n').map_or("", |(_, shown)| shown).to_owned()
}

/// What `pair --json` prints.
#[track_caller]
fn invite(home: &Home, role: &str) -> Value {
    home.run(["pair", "--json", "--role", role]).ok().json().pop().expect("a line")
}

/// Pairs another home with the daemon of one; what `connect` said, to which `lines` were typed.
fn pair(home: &Home, other: &Home, role: &str, lines: &str) -> Ran {
    let invitation = invite(home, role);
    let (address, fingerprint) = (text(&invitation, "address"), text(&invitation, "fingerprint"));
    let input = format!("{}\n{lines}", text(&invitation, "code"));
    other.pipe(["connect", &address, "--fingerprint", &fingerprint, "--name", "laptop"], input)
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// The address of a daemon.
fn address(daemon: &Daemon) -> String {
    daemon.card.address.expect("it listens on UDP").to_string()
}

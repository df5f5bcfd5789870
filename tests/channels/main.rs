//! Channels, commands and sending, in the built program: a REPL that stays, and a channel in Lua whose
//! other side is a directory.

#[path = "../support/mod.rs"]
mod support;

mod approving;
mod commands;
mod crashing;
mod receiving;
mod reloading;
mod sending;
mod steering;

use std::{
    fs,
    io::Write,
    process::{Child, ChildStdin, Command, Stdio},
};
use support::{
    fake_openai::Request,
    program::{Home, until},
};

/// A channel whose inbox is a directory of files `ID`, each with the lines `from`, `conversation` and
/// the text; what became of each is noted in `receipts`, and what is sent in `sent`.
const PHONE: &str = r#"
local function sh(line, ...) return pista.system.run({ "sh", "-c", line, "sh", ... }).stdout end
local function start(self)
  while true do
    for id in sh("ls in 2>/dev/null"):gmatch("%S+") do
      local from, to, text = sh("cat in/" .. id):match("^(.-)\n(.-)\n(.*)$")
      local receipt, why = self:receive { from = from, conversation = to, text = text, id = id }
      sh('echo "$1" >> receipts; rm -f in/"$2"', id .. " " .. receipt .. (why and " " .. why or ""), id)
    end
    pista.sleep(0.02)
  end
end
local function send(self, to, message)
  sh('echo "$1" >> sent', to .. ": " .. message.text:gsub("\n", "|"))
end
"#;

/// An init.lua with the channel `phone`, on which ada and bob may speak, and more.
fn phone(more: &str) -> String {
    format!(
        "{PHONE}pista.channel('phone', {{ users = {{ 'ada', 'bob' }}, owners = {{ 'ada', 'bob' }}, start = start, send = send }})\n{more}"
    )
}

/// A REPL that stays until it is told to go.
struct Serving {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Serving {
    fn start(home: &Home) -> Self {
        let mut command: Command = home.command(["repl"]);
        let log = fs::File::create(home.path().join("stderr")).expect("a file");
        let out = fs::File::create(home.path().join("stdout")).expect("a file");
        command.stdin(Stdio::piped()).stdout(out).stderr(log);
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take();
        Self { child, stdin }
    }

    fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it runs");
        writeln!(stdin, "{line}").expect("it reads");
    }

    /// Ends it by the end of its input.
    fn end(mut self) {
        self.stdin = None;
        let child = std::cell::RefCell::new(&mut self.child);
        assert!(until(|| child.borrow_mut().try_wait().expect("a status").is_some()), "it does not end");
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("a status");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the person said last: what stands before it is older, and was not answered.
fn said(request: &Request) -> &str {
    request.last_text().rsplit("\n\n").next().unwrap_or_default()
}

/// Puts a message into the inbox, whole.
fn say(home: &Home, id: &str, from: &str, to: &str, text: &str) {
    let inbox = home.work().join("in");
    fs::create_dir_all(&inbox).expect("a directory");
    let half = home.work().join(format!("{id}.half"));
    fs::write(&half, format!("{from}\n{to}\n{text}")).expect("a file");
    fs::rename(half, inbox.join(id)).expect("moved");
}

fn read(home: &Home, name: &str) -> String {
    fs::read_to_string(home.work().join(name)).unwrap_or_default()
}

/// Waits until a file of the other side has these words.
#[track_caller]
fn awaits(home: &Home, name: &str, words: &str) -> String {
    let there = until(|| read(home, name).contains(words));
    let err = fs::read_to_string(home.path().join("stderr")).unwrap_or_default();
    assert!(there, "{words:?} is not in {name}: {:?}\nstderr: {err}", read(home, name));
    read(home, name)
}

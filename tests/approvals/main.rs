//! Questions to people, in the built program: answered, late, crossed, and over the end of the program.
//! The channel is written in Lua, and its other side is a directory.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod machine;
mod owners;
mod people;
mod restarts;
mod stricter;

use serde_json::{Value, json};
use std::{
    collections::HashSet,
    fs,
    process::{Child, Command, Stdio},
};
use support::{
    fake_openai::{FakeOpenAi, Reply, Request},
    program::{Home, signal, until},
};

/// A channel whose inbox is a directory of files `ID`, each with the lines `from`, `conversation` and
/// the text; `press QUESTION yes` is a button. What is sent is noted in `sent`, what a button says in
/// `pressed`.
const PHONE: &str = r#"
local function sh(line, ...) return pista.system.run({ "sh", "-c", line, "sh", ... }).stdout end
local function start(self)
  while true do
    for id in sh("ls in 2>/dev/null"):gmatch("%S+") do
      local from, to, text = sh("cat in/" .. id):match("^(.-)\n(.-)\n(.*)$")
      local question, word = text:match("^press (%a+) (%a+)$")
      if question then
        local told = self:answer { from = from, question = question, yes = word == "yes" }
        sh('echo "$1" >> pressed; rm -f in/"$2"', from .. ": " .. told, id)
      else
        local receipt, why = self:receive { from = from, conversation = to, text = text, id = id }
        sh('echo "$1" >> receipts; rm -f in/"$2"', id .. " " .. receipt .. (why and " " .. why or ""), id)
      end
    end
    pista.sleep(0.02)
  end
end
local function send(self, to, message)
  sh('echo "$1" >> sent', message.id .. "\t" .. to .. ": " .. message.text:gsub("\n", "|"))
end
"#;

/// An init.lua with the channel `phone`, on which ada, bob and eve may speak, and more.
fn phone(more: &str) -> String {
    format!(
        "{PHONE}pista.channel('phone', {{ users = {{ 'ada', 'bob', 'eve' }}, owners = {{ 'ada', 'bob', 'eve' }}, start = start, send = send }})\n{more}"
    )
}

/// A program that stays.
struct Serving {
    child: Child,
}

impl Serving {
    fn start(home: &Home) -> Self {
        Self::by(home, "repl")
    }

    fn by(home: &Home, command: &str) -> Self {
        let mut command: Command = home.command([command]);
        let log = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(home.path().join("stderr"))
            .expect("a file");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        Self { child: command.spawn().expect("it starts") }
    }

    /// Ends it by SIGTERM.
    fn end(mut self) {
        signal("TERM", self.child.id());
        let child = std::cell::RefCell::new(&mut self.child);
        assert!(until(|| child.borrow_mut().try_wait().expect("a status").is_some()), "it does not end");
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("a status");
    }

    /// Loads the configuration again.
    fn reload(&self) {
        signal("HUP", self.child.id());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A model that, told "touch a b", makes a call for each word: it notes the word in the file `made`.
/// When all have their results, it says them.
fn touching() -> FakeOpenAi {
    FakeOpenAi::answering(answer)
}

fn answer(request: &Request) -> Reply {
    let messages = request.messages();
    let from = messages.iter().rposition(|m| m["role"] == "assistant" && m["tool_calls"].is_array());
    let asked = messages.iter().rposition(|m| m["role"] == "user").expect("somebody asks");
    match from.filter(|from| *from > asked) {
        Some(from) => {
            let results = messages[from + 1..].iter().filter(|m| m["role"] == "tool");
            let first = |m: &Value| {
                let text = m["content"].as_str().unwrap_or_default();
                text.lines().next().unwrap_or_default().to_owned()
            };
            Reply::text(format!("Results: {}", results.map(first).collect::<Vec<_>>().join("; ")))
        }
        None => {
            match request.last_text().rsplit("\n\n").next().and_then(|text| text.strip_prefix("touch ")) {
                Some(words) => Reply::calls(words.split(' ').map(|word| ("system_run", made(word)))),
                None => Reply::text(format!("You said {:?}.", request.last_text())),
            }
        }
    }
}

/// The arguments of a call that notes `word`; `slow` takes a minute after that.
fn made(word: &str) -> Value {
    let more = if word == "slow" { "; sleep 60" } else { "" };
    json!({ "argv": ["sh", "-c", format!("echo {word} >> made{more}")] })
}

/// Puts a message into the inbox, whole.
fn say(home: &Home, id: &str, from: &str, to: &str, text: &str) {
    let inbox = home.work().join("in");
    fs::create_dir_all(&inbox).expect("a directory");
    let half = home.work().join(format!("{id}.half"));
    fs::write(&half, format!("{from}\n{to}\n{text}")).expect("a file");
    fs::rename(half, inbox.join(id)).expect("moved");
}

/// What a file of the other side holds. What was sent again, under the same number, counts once.
fn read(home: &Home, name: &str) -> String {
    let text = fs::read_to_string(home.work().join(name)).unwrap_or_default();
    if name != "sent" {
        return text;
    }
    let mut seen = HashSet::new();
    let lines =
        text.lines().filter_map(|line| line.split_once('\t')).filter(|(number, _)| seen.insert(*number));
    lines.map(|(_, line)| format!("{line}\n")).collect()
}

/// Waits until a file of the other side has these words.
#[track_caller]
fn awaits(home: &Home, name: &str, words: &str) -> String {
    let there = until(|| read(home, name).contains(words));
    let err = fs::read_to_string(home.path().join("stderr")).unwrap_or_default();
    assert!(there, "{words:?} is not in {name}: {:?}\nstderr: {err}", read(home, name));
    read(home, name)
}

/// The ids of the questions that were sent, oldest first.
fn questions(home: &Home) -> Vec<String> {
    const BEFORE: &str = "Answer \"yes ";
    let sent = read(home, "sent");
    let mut ids: Vec<String> = vec![];
    for (at, _) in sent.match_indices(BEFORE) {
        let id = sent[at + BEFORE.len()..].split('"').next().unwrap_or_default().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// Waits for the `n`th question, from 1.
#[track_caller]
fn question(home: &Home, n: usize) -> String {
    assert!(until(|| questions(home).len() >= n), "{n} questions: {:?}", read(home, "sent"));
    questions(home)[n - 1].clone()
}

/// What was answered to `to`, without questions and remarks.
fn answers(home: &Home, to: &str) -> Vec<String> {
    let sent = read(home, "sent");
    let before = format!("{to}: Results: ");
    sent.lines().filter_map(|line| line.strip_prefix(&before)).map(str::to_owned).collect()
}

/// The open questions, as the program lists them.
fn listed(home: &Home) -> Vec<Value> {
    home.run(["approvals", "list", "--json"]).ok().json()
}

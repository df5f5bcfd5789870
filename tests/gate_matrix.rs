//! One gate: wherever a call comes from, the same rule means the same.
//!
//! A model (or a script) wants to run one command, in the built program, by every way in that there is.
#![allow(missing_docs)]

#[path = "support/mod.rs"]
mod support;

use openpista::{
    domain::approval::Approval,
    quic::protocol::{Answer, Request},
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
};
use support::{
    daemon::{Daemon, message, soon},
    fake_openai::{FakeOpenAi, Reply},
    fake_telegram::{ADA, FakeTelegram, TOKEN as BOT_TOKEN},
    program::{Home, PATIENCE, until},
};

const TOKEN: &str = "a-token-that-is-long-enough";

/// What is answered where a person is asked. `None`: nobody answers.
type Person = Option<bool>;

/// A way in: has the call made, and answers questions as this person would.
type Way = fn(&Home, Person);

/// Every way in, and whether somebody can be asked there.
const WAYS: &[(&str, Way, bool)] = &[
    ("run", by_run, true),
    ("repl", by_repl, false),
    ("quic", by_quic, true),
    ("telegram", by_telegram, true),
    ("webhook", |home, person| by_webhook(home, person, "do it"), true),
    ("channel in Lua", by_channel, true),
    ("job", by_job, false),
    ("pista.tools.call by a webhook", |home, person| by_webhook(home, person, "/call"), true),
    ("pista.tools.call by nobody", |home, _| drop(home.run(["eval", "print(call())"]).ok()), false),
    ("pista.ask_agent by a webhook", |home, person| by_webhook(home, person, "/sub"), true),
    (
        "pista.ask_agent by nobody",
        |home, _| drop(home.run(["eval", "print(pista.ask_agent('main', 'do it'))"]).ok()),
        false,
    ),
];

fn init(access: &str, person: Person) -> String {
    // The tool is on offer, so that the model gets to call it.
    let rules = match access {
        "allow" => "allow = { 'system.run' }".to_owned(),
        other => format!(
            "allow = {{ 'system.run' }}, {other} = {{ {{ 'system.run', argv = {{ 'touch', 'made' }} }} }}"
        ),
    };
    let answer = match person {
        None => "nil",
        Some(true) => "'yes '",
        Some(false) => "'no '",
    };
    format!(
        "local answer = {answer}
        pista.agent('main', {{ tools = {{ {rules} }} }})
        local function note(text) pista.system.run({{ 'sh', '-c', 'printf %s \"$1\" > told', 'sh', text }}) end
        function call()
          local result = pista.tools.call('system.run', {{ argv = {{ 'touch', 'made' }} }})
          note(result.content)
          return result.status
        end
        pista.hook('tool_result', function(result) if result.name == 'system.run' then note(result.content) end end)
        pista.command('call', function() return call() end)
        pista.command('sub', function() return (pista.ask_agent('main', 'do it')) end)
        pista.cron('job', {{ at = '@yearly', prompt = 'do it' }})
        pista.channel('hook', {{ kind = 'http', listen = '127.0.0.1:0', token = pista.secret('env:HOOK_TOKEN') }})
        pista.channel('phone', {{ users = {{ 'ada' }},
          start = function(self)
            while not pista.fs.exists('say') do pista.sleep(0.02) end
            self:receive {{ from = 'ada', text = 'do it', id = 1 }}
            pista.sleep(1000)
          end,
          send = function(self, to, message)
            if not message.question then return pista.fs.write('sent', message.text) end
            if answer then self:receive {{ from = 'ada', text = answer .. message.question, id = 2 }} end
          end }})"
    )
}

/// A model that wants the command, once.
fn wanting() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last() {
        Some(last) if last["role"] == "tool" => Reply::text("done"),
        _ => Reply::call("system_run", json!({ "argv": ["touch", "made"] })),
    })
}

fn by_run(home: &Home, person: Person) {
    let yes: &[&str] = if person == Some(true) { &["--yes"] } else { &[] };
    home.run([&["run", "-e", "do it"], yes].concat()).ok();
}

fn by_repl(home: &Home, _: Person) {
    home.pipe(["repl"], "do it\n").ok();
}

fn by_job(home: &Home, _: Person) {
    home.run(["cron", "run", "job"]).ok();
}

fn by_quic(home: &Home, person: Person) {
    let daemon = Daemon::start(home);
    soon(async {
        let client = daemon.connect().await;
        let mut answers = client.request(&message("do it")).await.expect("it is taken");
        loop {
            match answers.next().await.expect("an answer") {
                Answer::Approval { id, .. } => {
                    let answer = if person == Some(true) { Approval::Yes } else { Approval::No };
                    client.ask(&Request::Approval { id, answer }).await.expect("it is taken");
                }
                Answer::Done { .. } => return,
                _ => {}
            }
        }
    });
}

fn by_telegram(home: &Home, person: Person) {
    let telegram = FakeTelegram::start();
    let bot = format!(
        "\npista.channel('telegram', {{ token = pista.secret('env:BOT_TOKEN'), users = {{ {ADA} }}, api = '{}' }})",
        telegram.url()
    );
    let path = home.config().join("init.lua");
    let before = std::fs::read_to_string(&path).expect("it is there");
    home.init(&(before + &bot));
    let _daemon = Daemon::start(home);
    telegram.says(ADA, "do it");
    let asked = || telegram.sent(ADA).into_iter().find(|sent| !sent.buttons.is_empty());
    let answered = || telegram.texts(ADA).iter().any(|text| text == "done");
    assert!(until(|| answered() || asked().is_some()), "nothing came: {:?}", telegram.texts(ADA));
    if let Some(asked) = asked() {
        let yes = person == Some(true);
        let button = asked.buttons.iter().find(|button| button.starts_with("yes:") == yes).expect("a button");
        telegram.presses(ADA, &asked, button);
    }
    assert!(until(answered), "nothing was answered: {:?}", telegram.texts(ADA));
    assert_eq!(telegram.refusals(), Vec::<String>::new());
}

fn by_channel(home: &Home, _: Person) {
    let _daemon = Daemon::start(home);
    home.write(&home.work().join("say"), "");
    assert!(until(|| home.work().join("sent").exists()), "nothing was answered");
}

fn by_webhook(home: &Home, person: Person, text: &str) {
    let daemon = Daemon::start(home);
    let listens = || daemon.status()["channels"]["hook"]["listen"].as_str().map(str::to_owned);
    assert!(until(|| listens().is_some()), "it does not listen");
    let address = listens().expect("an address");
    let answer = http(&address, "POST /message", &json!({ "text": text, "id": "m" }));
    if let Some(id) = answer["question"]["id"].as_str() {
        let word = if person == Some(true) { "yes" } else { "no" };
        http(&address, "POST /message", &json!({ "text": format!("{word} {id}") }));
    }
    let end = http(&address, "GET /message/m?wait=60", &Value::Null);
    assert_eq!(end["state"], "done", "{end}");
}

fn http(address: &str, what: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{what} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (_, body) = text.split_once("\r\n\r\n").expect("an answer");
    serde_json::from_str(body).expect("JSON")
}

/// What became of the call: whether it ran, and what the agent was told.
fn verdict(way: Way, access: &str, person: Person) -> (bool, String) {
    let fake = wanting();
    let home = Home::with(&fake).env("HOOK_TOKEN", TOKEN).env("BOT_TOKEN", BOT_TOKEN);
    home.init(&init(access, person));
    way(&home, person);
    assert_eq!(fake.refusals(), Vec::<String>::new());
    // What the model was told; where a script called, what that was told.
    let told = fake.requests().iter().rev().find_map(|request| {
        let last = request.messages().last()?.clone();
        (last["role"] == "tool").then(|| last["content"].as_str().unwrap_or_default().to_owned())
    });
    let told = told.unwrap_or_else(|| std::fs::read_to_string(home.work().join("told")).unwrap_or_default());
    (home.work().join("made").exists(), told)
}

#[test]
fn allowed_is_allowed_and_denied_is_denied_wherever_it_comes_from() {
    let mut denials = vec![];
    for (name, way, _) in WAYS {
        let (ran, told) = verdict(*way, "allow", None);
        assert!(ran, "by {name}, what is allowed did not run: {told}");
        let (ran, told) = verdict(*way, "deny", Some(true));
        assert!(!ran, "by {name}, what is denied ran: {told}");
        denials.push((*name, told));
    }
    let (_, first) = &denials[0];
    assert!(first.contains("system.run") && first.contains("init.lua:2"), "the rule is told: {first}");
    for (name, told) in &denials {
        assert_eq!(told, first, "by {name} the reason is another one");
    }
}

#[test]
fn what_is_asked_about_runs_after_a_yes_and_never_else() {
    for (name, way, can_ask) in WAYS {
        let (ran, told) = verdict(*way, "ask", Some(false));
        assert!(!ran, "by {name}, it ran after a no: {told}");
        assert!(!told.is_empty(), "by {name}, nothing is told");
        if *can_ask {
            let (ran, told) = verdict(*way, "ask", Some(true));
            assert!(ran, "by {name}, it did not run after a yes: {told}");
        } else {
            // A yes that nobody can give is none.
            let (ran, told) = verdict(*way, "ask", Some(true));
            assert!(!ran && told.contains("nobody can be asked"), "by {name}: {told}");
        }
    }
}

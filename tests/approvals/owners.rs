//! Approving is a right of its own: whoever may speak need not have it.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    fake_telegram::{ADA, BOB, FakeTelegram, TOKEN},
    program::{Home, until},
};
use serde_json::json;

/// A model that runs a command that leaves a file, and then says how that ended.
fn model() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let messages = request.body["messages"].as_array().cloned().unwrap_or_default();
        match messages.last().and_then(|last| last["role"].as_str()) {
            Some("tool") => Reply::text(format!("Result: {}", request.last_text())),
            _ => Reply::call("system_run", json!({ "argv": ["touch", "it-ran"] })),
        }
    })
}

fn home(telegram: &FakeTelegram, people: &str) -> (FakeOpenAi, Home) {
    let model = model();
    let home = Home::with(&model).env("BOT_TOKEN", TOKEN);
    home.init(&format!(
        "pista.channel('telegram', {{ token = pista.secret('env:BOT_TOKEN'), api = '{}', {people} }})",
        telegram.url()
    ));
    (model, home)
}

fn ran(home: &Home) -> bool {
    home.work().join("it-ran").exists()
}

/// What a chat shows, in one text.
fn shown(telegram: &FakeTelegram, chat: i64) -> String {
    telegram.texts(chat).join("\n")
}

#[test]
fn a_stranger_cannot_approve_their_own_call() {
    let telegram = FakeTelegram::start();
    let (_model, home) = home(&telegram, "users = { '*' }");
    let daemon = Daemon::start(&home);
    telegram.says(BOB, "run it");
    assert!(until(|| shown(&telegram, BOB).contains("Result:")), "{}", shown(&telegram, BOB));
    telegram.says(BOB, "yes");
    let told = shown(&telegram, BOB);
    assert!(
        told.contains("system.run was not run: it needs a yes, and nobody may approve on telegram"),
        "{told}"
    );
    assert!(!told.contains("May it run?") && !ran(&home), "{told}");
    daemon.stop().ok();
}

#[test]
fn an_owner_is_asked_about_what_somebody_else_wants() {
    let telegram = FakeTelegram::start();
    let (_model, home) = home(&telegram, &format!("users = {{ {BOB} }}, owners = {{ {ADA} }}"));
    let daemon = Daemon::start(&home);
    telegram.says(BOB, "run it");
    assert!(until(|| shown(&telegram, ADA).contains("May it run?")), "{}", shown(&telegram, ADA));
    let word = format!("system.run needs a yes of telegram:{ADA}, who is asked");
    assert!(until(|| shown(&telegram, BOB).contains(&word)), "{}", shown(&telegram, BOB));
    // Who asks cannot answer, by whatever way.
    let question = telegram.sent(ADA).into_iter().next_back().expect("a question");
    let text = shown(&telegram, ADA);
    let id = text.split("\"yes ").nth(1).and_then(|rest| rest.split('"').next()).expect("an id").to_owned();
    telegram.says(BOB, &format!("yes {id}"));
    assert!(until(|| shown(&telegram, BOB).contains("is not yours to answer")), "{}", shown(&telegram, BOB));
    assert!(!ran(&home));
    let data = question.buttons.first().expect("buttons").clone();
    telegram.presses(BOB, &question, &data);
    assert!(!ran(&home));
    telegram.presses(ADA, &question, &data);
    assert!(until(|| ran(&home)), "{}", shown(&telegram, ADA));
    daemon.stop().ok();
}

#[test]
fn the_only_user_is_the_owner_and_one_of_two_is_not() {
    let telegram = FakeTelegram::start();
    let (_model, home) = home(&telegram, &format!("users = {{ {ADA} }}"));
    let daemon = Daemon::start(&home);
    telegram.says(ADA, "run it");
    assert!(until(|| shown(&telegram, ADA).contains("May it run?")));
    telegram.says(ADA, "yes");
    assert!(until(|| ran(&home)));
    daemon.stop().ok();

    let telegram = FakeTelegram::start();
    let (_model, other) = self::home(&telegram, &format!("users = {{ {ADA}, {BOB} }}"));
    let daemon = Daemon::start(&other);
    telegram.says(ADA, "run it");
    assert!(until(|| shown(&telegram, ADA).contains("nobody may approve on telegram")));
    telegram.says(ADA, "yes");
    assert!(until(|| shown(&telegram, ADA).contains("Result:")) && !ran(&other));
    daemon.stop().ok();
}

#[test]
fn a_program_without_a_token_speaks_for_nobody() {
    let model = model();
    let home = Home::with(&model);
    home.init(
        "pista.channel('hook', { kind = 'http', token = false, listen = '127.0.0.1:0', users = { 'ada' } })",
    );
    let check = home.run(["check"]).ok();
    assert!(!check.err.contains("open to"), "nothing acts without asking: {}", check.err);
    let doctor = home.run(["doctor"]);
    assert!(doctor.out.contains("nobody on hook: there, what asks is refused"), "{}", doctor.out);
    let daemon = Daemon::start(&home);
    let listen = daemon.status()["channels"]["hook"]["listen"].as_str().expect("an address").to_owned();
    let body =
        json!({ "text": "run it", "user": "ada", "id": "1", "conversation": "c", "wait": true }).to_string();
    let said = std::process::Command::new("curl")
        .args(["-s", "-m", "60", "-H", "content-type: application/json", "-d", &body])
        .arg(format!("http://{listen}/message"))
        .output()
        .expect("curl");
    let reply = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(reply.contains("nobody may approve on hook"), "{reply}");
    assert!(!ran(&home));
    daemon.stop().ok();
    home.init("pista.channel('hook', { kind = 'http', token = false, owners = { 'ada' } })");
    home.run(["check"]).code(78).complains(["owners", "give the channel a token"]);
}

#[test]
fn check_names_the_rule_by_which_strangers_reach_a_tool_that_acts() {
    let home = Home::new();
    home.init(
        "pista.agent('main', { tools = { allow = { 'fs.write', { 'system.run', argv = { 'git', 'pull' } } } } })\n\
         pista.hook('tool_call', function() end)\n\
         pista.channel('hook', { kind = 'http', token = false })\n",
    );
    let warned = home.run(["check"]).ok().err;
    for words in [
        "the channel hook is open to every program of this machine (token = false)",
        "rule \"fs.write\" allows fs.write",
        "rule system.run [\"git\", \"pull\"] allows system.run",
        "init.lua:1",
        "the tool_call hook at",
        "init.lua:2",
    ] {
        assert!(warned.contains(words), "{words} is not in {warned}");
    }
}

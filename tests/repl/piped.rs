//! Lines from a pipe: the answers alone on standard output.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Running, until},
    terminal::Terminal,
};
use serde_json::json;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())))
}

#[test]
fn answers_alone_are_on_standard_output() {
    let fake = echo();
    for term in ["xterm", "dumb"] {
        let home = Home::with(&fake).env("TERM", term);
        let ran = home.pipe(["repl"], "one\n\n=1 + 1\n/lua print('x')\ntwo").ok();
        assert_eq!(ran.out, "Answer to one.\n2\nx\nAnswer to two.\n");
        assert_eq!(ran.err, "");
        assert!(!home.state().join("history").exists(), "a script's lines are no one's history");
    }
}

#[test]
fn a_command_ends_it() {
    let ran = Home::new().pipe(["repl"], "=1\n/clear\n/quit\n=2\n").ok();
    assert_eq!(ran.out, "1\n");
}

#[test]
fn no_input_is_no_error() {
    let ran = Home::new().pipe(["repl"], "").ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn lua_may_take_several_lines() {
    let ran = Home::new().pipe(["repl"], "=function f(x)\n  return x + 1\nend\n=f(1)\n").ok();
    assert_eq!(ran.out, "2\n");
    let ran = Home::new().pipe(["repl"], "=function f(x)\n").code(1);
    ran.complains(["in the midst of the Lua code"]);
}

#[test]
fn nobody_is_asked_and_no_line_is_taken_for_an_answer() {
    let fake = FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "user" && request.last_text() == "make it" => {
            Reply::call("system_run", json!({"argv": ["touch", "made"]}))
        }
        Some(role) if role == "user" => Reply::text(format!("You said {}.", request.last_text())),
        _ => Reply::text("Refused."),
    });
    let home = Home::with(&fake);
    let ran = home.pipe(["repl"], "make it\ny\n").ok();
    assert_eq!(ran.out, "Refused.\nYou said y.\n");
    assert!(!home.work().join("made").exists());
    assert!(fake.requests()[1].last_text().contains("nobody can be asked"));
    home.pipe(["repl", "--yes"], "make it\n").ok();
    assert!(home.work().join("made").exists());
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_failed_is_told_at_the_end() {
    let fake = FakeOpenAi::start([Reply::error(401, "no such key"), Reply::text("Fine.")]);
    let ran = Home::with(&fake).pipe(["repl"], "one\ntwo\n").code(1);
    assert_eq!(ran.out, "Fine.\n");
    ran.complains(["error: ", "no such key"]);
    for (input, word) in [("=error('no')\n", "no"), ("/nope\n", "no command /nope"), ("/resume x\n", "x")] {
        let ran = Home::new().pipe(["repl"], input).code(1);
        assert_eq!(ran.out, "", "{input}");
        ran.complains([word]);
    }
}

#[test]
fn a_line_that_is_no_text_is_skipped() {
    let fake = echo();
    let ran = Home::with(&fake).pipe(["repl"], b"one\n\xff\xfe\ntwo\n").code(1);
    assert_eq!(ran.out, "Answer to one.\nAnswer to two.\n");
    ran.complains(["not UTF-8"]);
}

#[test]
fn a_long_line_and_any_script_get_through() {
    let fake = FakeOpenAi::answering(|request| {
        let text = request.last_text();
        Reply::text(format!("{} characters, the last is {:?}", text.chars().count(), text.chars().last()))
    });
    let line = format!("{}\u{1f389}", "日本".repeat(10_000));
    let ran = Home::with(&fake).pipe(["repl"], format!("{line}\n")).ok();
    assert_eq!(ran.out, "20001 characters, the last is Some('🎉')\n");
}

#[test]
fn each_answer_comes_before_the_next_line_is_needed() {
    let fake = echo();
    let mut command = Home::with(&fake).command(["repl"]);
    let home = Home::with(&fake);
    command.current_dir(home.work()).env("HOME", home.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    for word in ["one", "two"] {
        use std::io::Write;
        writeln!(stdin, "{word}").expect("written");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("an answer");
        assert_eq!(line, format!("Answer to {word}.\n"));
    }
    drop(stdin);
    assert!(child.wait().expect("a status").success());
}

#[test]
fn a_signal_ends_it_in_the_midst_of_a_turn() {
    for name in ["INT", "TERM"] {
        let line = "echo $$ > pid.new; mv pid.new pid; exec sleep 600";
        let fake = FakeOpenAi::start([Reply::call("system_run", json!({ "command": line }))]);
        let home = Home::with(&fake);
        let running = home.start(["repl", "--yes"], "sleep\nnever said\n");
        assert!(until(|| home.work().join("pid").exists()));
        running.signal(name);
        running.wait().code(130);
        let pid = fs::read_to_string(home.work().join("pid")).expect("a pid");
        let pid = pid.trim().parse().expect("a number");
        assert!(until(|| !crate::support::program::is_alive(pid)));
        assert_eq!(fake.requests().len(), 1);
    }
}

#[test]
fn a_signal_ends_it_while_it_waits_for_a_line() {
    let fake = echo();
    let home = Home::with(&fake);
    let (read, write) = std::io::pipe().expect("a pipe");
    let mut command = home.command(["repl"]);
    command.stdin(read).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(command);
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    {
        use std::io::Write;
        (&write).write_all(b"one\n").expect("written");
    }
    let mut line = String::new();
    stdout.read_line(&mut line).expect("an answer");
    crate::support::program::signal("INT", child.id());
    assert_eq!(child.wait().expect("a status").code(), Some(130));
    drop(write);
}

#[test]
fn nobody_reads_the_answers() {
    let fake = echo();
    let home = Home::with(&fake);
    let (read, write) = std::io::pipe().expect("a pipe");
    drop(read);
    let mut command = home.command(["repl"]);
    command.stdin(Stdio::piped()).stdout(write).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(command);
    {
        use std::io::Write;
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(b"one\ntwo\nthree\n").expect("written");
    }
    let output = child.wait_with_output().expect("an end");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !err.contains("panicked"), "{output:?}");
    assert_eq!(fake.requests().len(), 1, "it stops at the first answer that nobody takes");
}

#[test]
fn the_answers_of_a_session_at_a_terminal_can_be_piped_on() {
    let fake = echo();
    let home = Home::with(&fake);
    let log = home.work().join("log");
    let mut command = std::process::Command::new("sh");
    let program = crate::support::program::PROGRAM;
    command.args(["-c", &format!("exec {program} repl > {}", log.display())]);
    let ready = home.command(["repl"]);
    command.env_clear().current_dir(home.work());
    command.envs(ready.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut terminal = Terminal::start(command);
    terminal.at("›");
    terminal.line("one");
    terminal.until("a second prompt", |screen| screen.text().ends_with("› one\n›"));
    terminal.keys("\x04");
    assert_eq!(terminal.code(), Some(0));
    assert_eq!(fs::read_to_string(log).expect("a log"), "Answer to one.\n");
}

#[test]
fn usage_and_configuration_have_their_codes() {
    let home = Home::new();
    home.pipe(["repl", "--nonsense"], "").code(2);
    home.init("pista.agent(");
    let ran = Running::start(home.command(["repl"]), b"=1\n").wait().code(78);
    assert_eq!(ran.out, "");
    ran.complains(["init.lua:1:"]);
}

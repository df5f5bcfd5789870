//! Where the message comes from.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("you said: {}", request.last_text())))
}

/// What the model got as the last message.
#[track_caller]
fn heard(args: &[&str], input: &str) -> String {
    let fake = echo();
    let ran = Home::with(&fake).pipe(args, input).ok();
    assert_eq!(fake.refusals(), [""; 0]);
    let [request] = &fake.requests()[..] else { panic!("one request, not {}", fake.requests().len()) };
    assert_eq!(ran.out, format!("you said: {}\n", request.last_text().trim_end()));
    request.last_text().to_owned()
}

#[test]
fn messages_come_from_arguments_and_standard_input() {
    assert_eq!(heard(&["run", "-e", "hello"], ""), "hello");
    assert_eq!(heard(&["run", "--execute", "hello"], ""), "hello");
    assert_eq!(heard(&["run", "-e", "-"], "from a pipe\n").trim_end(), "from a pipe");
    assert_eq!(heard(&["run"], "piped\nin two lines\n").trim_end(), "piped\nin two lines");
    assert_eq!(heard(&["run", "positional"], ""), "positional");
    assert_eq!(heard(&["run", "-e", "--weird -x"], ""), "--weird -x");
    assert_eq!(heard(&["run", "-e", "größer 🦀"], ""), "größer 🦀");
}

#[test]
fn several_parts_are_joined_in_order() {
    let text = heard(&["run", "-e", "explain this", "-e", "-", "-e", "briefly"], "fn main() {}");
    assert_eq!(text, "explain this\n\nfn main() {}\n\nbriefly");
    assert_eq!(heard(&["run", "-e", "explain", "--execute", "this"], ""), "explain\n\nthis");
}

#[test]
fn words_of_the_command_line_are_one_text() {
    assert_eq!(heard(&["run", "what", "is", "here"], ""), "what is here");
    assert_eq!(heard(&["run", "what is", "here?"], ""), "what is here?");
    assert_eq!(
        heard(&["run", "explain", "this", "-", "in", "brief"], "x = 1"),
        "explain this\n\nx = 1\n\nin brief"
    );
    assert_eq!(heard(&["run", "--", "what", "does", "-x", "do"], ""), "what does -x do");
}

#[test]
fn what_is_piped_in_goes_with_the_message() {
    assert_eq!(heard(&["run", "explain", "this"], "DATA\n").trim_end(), "explain this\n\nDATA");
    assert_eq!(heard(&["run", "-e", "explain this"], "DATA"), "explain this\n\nDATA");
    assert_eq!(heard(&["run", "-e", "a", "-e", "b"], "DATA"), "a\n\nb\n\nDATA");
    // Where nothing is in it, there is only what was given.
    assert_eq!(heard(&["run", "explain this"], " \n\n"), "explain this");
}

#[test]
fn who_waits_for_standard_input_says_so() {
    let fake = echo();
    let home = Home::with(&fake);
    let mut child = home
        .command(["run", "explain this"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("waiting for the end of standard input") && line.contains("< /dev/null"), "{line}");
    child.stdin.take().unwrap().write_all(b"late").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(fake.requests()[0].last_text(), "explain this\n\nlate");
}

#[test]
fn what_is_no_message_is_wrong_usage() {
    let home = Home::new();
    for (args, input, words) in [
        (&["run", "-e", ""][..], "", "message is empty"),
        (&["run", "-e", " \n\t"], "", "message is empty"),
        (&["run"], "", "message is empty"),
        (&["run", "-e", "-"], " \n", "message is empty"),
        (&["run", "-e", "-", "-e", "-"], "twice", "only once"),
        (&["run", "--nonsense"], "", "--nonsense"),
        (&["run", "-e", "a", "b"], "", "cannot be used with"),
        (&["run", "-e"], "", "value is required"),
        (&["nonsense"], "", "nonsense"),
        (&[], "", "Usage"),
    ] {
        let ran = home.pipe(args, input).code(2).complains([words]);
        assert_eq!(ran.out, "", "{args:?}");
    }
    assert!(!home.state().exists(), "wrong usage leaves nothing behind");
}

#[test]
fn input_that_is_no_text_is_refused() {
    for args in [&["run"][..], &["run", "-e", "-"]] {
        Home::new().pipe(args, b"caf\xe9").code(2).complains(["standard input", "UTF-8"]);
    }
}

#[test]
fn long_input_arrives_whole() {
    let text = "0123456789".repeat(20_000);
    assert_eq!(heard(&["run"], &text), text);
}

//! A server that wants the program to hang, to burst, or to go elsewhere with the key.

use crate::{
    raw::{RawServer, flood},
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Ran, Running, until},
    },
};
use serde_json::json;
use std::{io::Write, net::TcpStream, process::Command, sync::atomic::Ordering};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// Far more than the program may need, in kB.
const MEMORY_KB: u32 = 1_500_000;

/// A program that talks to `url`, with a key.
fn home(url: &str) -> Home {
    Home::new()
        .env("OPENPISTA_BASE_URL", url)
        .env("OPENPISTA_MODEL", "fake-model")
        .env("OPENPISTA_API_KEY", "env:EVIL_KEY")
        .env("EVIL_KEY", "sk-Zq8Wn3Rk5Tv7Yx2Lm9")
        .env("OPENPISTA_RETRIES", "0")
}

/// Runs a turn with little memory to its end.
fn turn(home: &Home) -> Ran {
    let program = home.command(["run", "-e", "hello"]);
    let mut bounded = Command::new("bash");
    bounded.arg("-c").arg(format!("ulimit -v {MEMORY_KB}; exec \"$0\" \"$@\""));
    bounded.arg(program.get_program()).args(program.get_args()).env_clear().current_dir(home.work());
    bounded.envs(program.get_envs().filter_map(|(n, v)| Some((n, v?))));
    Running::start(bounded, b"").wait()
}

/// A turn with a server that answers so; it must fail with these words, and soon.
fn fails<T>(answer: impl Fn(TcpStream) -> T + Send + Sync + 'static, words: &str) -> Ran {
    let server = RawServer::start(answer);
    let ran = turn(&home(&server.url())).code(1).complains([words]);
    assert!(ran.err.len() < 10_000, "{} bytes of errors", ran.err.len());
    assert!(!ran.err.contains("sk-Zq8Wn3Rk5Tv7Yx2Lm9"), "{}", ran.err);
    ran
}

#[test]
fn headers_without_end() {
    fails(|stream| flood(stream, "HTTP/1.1 200 OK\r\n", b"x-a: bbbbbbbbbbbbbbbbbbbbbbb\r\n", 1 << 30), "");
    fails(|stream| flood(stream, "HTTP/1.1 200 OK\r\nx-a: ", &[b'b'; 4096], 1 << 30), "");
}

#[test]
fn a_line_without_end() {
    fails(|stream| flood(stream, &format!("{OK}data: "), &[b'x'; 65_536], 1 << 30), "a line of more than");
}

#[test]
fn a_document_without_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"a\": \"";
    fails(move |stream| flood(stream, head, &[b'x'; 65_536], 1 << 30), "a document of more than");
}

#[test]
fn events_without_end() {
    fails(|stream| flood(stream, OK, &b"data: {}\n\n".repeat(8_000), 1 << 30), "longer than");
}

#[test]
fn comments_without_end() {
    fails(|stream| flood(stream, OK, &b": ping\n".repeat(10_000), 1 << 30), "longer than");
}

#[test]
fn an_event_without_end() {
    fails(|stream| flood(stream, OK, &b"data: x\n".repeat(8_000), 1 << 30), "longer than");
}

#[test]
fn blanks_without_end() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
    fails(move |stream| flood(stream, head, &[b' '; 65_536], 1 << 30), "");
}

#[test]
fn an_answer_without_end() {
    let text = json!({"choices": [{"delta": {"content": "spam ".repeat(20_000)}}]});
    let event = format!("data: {text}\n\n").into_bytes();
    fails(move |stream| flood(stream, OK, &event, 1 << 30), "longer than");
}

#[test]
fn an_error_without_end() {
    let head = "HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
    let ran = fails(move |stream| flood(stream, head, &[b'e'; 65_536], 1 << 30), "400");
    assert!(ran.err.len() < 5_000, "{}", ran.err.len());
}

#[test]
fn compressed_bytes_are_not_unpacked() {
    // The beginning of what would be gigabytes of zeros.
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let bomb = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1\x01\r\0\0\0\xc2\xa0\xf7Om\x0f\x07\x14";
    fails(move |stream| flood(stream, head, bomb, 10_000), "");
}

#[test]
fn a_redirect_does_not_take_the_key_along() {
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let thief = RawServer::start(|_| {});
        let to = thief.url();
        fails(
            move |mut stream| {
                let head = format!(
                    "HTTP/1.1 {status}\r\nlocation: {to}/chat/completions\r\ncontent-length: 0\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes());
            },
            "redirects elsewhere",
        );
        assert_eq!(thief.connections.load(Ordering::SeqCst), 0, "{status}");
        assert_eq!(thief.heads.lock().expect("heads").len(), 0);
    }
}

#[test]
fn words_of_the_server_cannot_drive_the_terminal_or_the_log() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}";
    let body =
        json!({"error": {"message": format!("no {evil} sk-Zq8Wn3Rk5Tv7Yx2Lm9"), "code": evil, "type": evil}});
    for (status, streamed) in [(400, false), (500, false), (200, true)] {
        let fake = FakeOpenAi::answering({
            let body = body.clone();
            move |_| match streamed {
                true => Reply::raw(format!("data: {body}\n\n")),
                false => Reply::error_body(status, &body),
            }
        });
        let home = home(&fake.url());
        for args in [&["run", "-e", "hi"][..], &["run", "-vvv", "-e", "hi"], &["run", "--json", "-e", "hi"]] {
            let ran = home.run(args).code(1);
            for text in [&ran.out, &ran.err] {
                assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
                assert!(!text.contains("sk-Zq8Wn3Rk5Tv7Yx2Lm9"), "{text:?}");
            }
            assert!(!ran.err.contains(['\u{9b}', '\u{202e}']), "{args:?}: {:?}", ran.err);
        }
    }
}

#[test]
fn a_list_of_models_is_not_trusted() {
    let evil = "\u{1b}[2Jm\u{9b}31m";
    let models = json!({"object": "list", "data": [{"id": evil}]});
    let fake = FakeOpenAi::answering_with(
        crate::support::fake_openai::Rules {
            models: models["data"].as_array().expect("a list").clone(),
            ..Default::default()
        },
        |_| Reply::text("hello"),
    );
    let home = home(&fake.url()).unset("OPENPISTA_MODEL");
    let ran = home.run(["run", "-vv", "-e", "hi"]);
    assert!(!ran.err.contains(['\u{1b}', '\u{9b}']), "{:?}", ran.err);
    let flood_of_models = RawServer::start(|stream| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"data\":[";
        flood(stream, head, &b"{\"id\":\"m\"},".repeat(5_000), 1 << 30);
    });
    let home = crate::server::home(&flood_of_models.url()).unset("OPENPISTA_MODEL");
    let ran = turn(&home);
    assert!(ran.code != Some(0) && ran.signal.is_none(), "{ran:?}");
}

#[test]
fn a_wait_for_ever_is_not_waited_for() {
    for wait in ["99999999999999999999", "-1", "NaN", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let fake = FakeOpenAi::answering(move |_| Reply::error(429, "slow down").header("retry-after", wait));
        let home = home(&fake.url()).env("OPENPISTA_RETRIES", "1").env("OPENPISTA_MAX_RETRY_WAIT", "0.2");
        home.say("hi").code(1).complains(["429"]);
    }
}

#[test]
fn strange_calls_are_answered_and_shown_harmlessly() {
    let long = "n".repeat(1 << 20);
    let evil = "\u{1b}[2Jrm\u{202e}";
    let chunk = |call: serde_json::Value| {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}))
    };
    let body = [
        chunk(json!({"index": 1e30, "id": long, "function": {"name": long, "arguments": "{}"}})),
        chunk(json!({"index": i64::MAX, "id": "\u{0}\u{1b}", "function": {"name": evil, "arguments": {"a": evil}}})),
        chunk(json!({"index": -1, "id": ["x"], "function": {"name": {"a": 1}, "arguments": [1, 2]}})),
        chunk(json!({"index": "0", "function": "fs_list"})),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let fake = FakeOpenAi::answering(move |request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("done"),
        _ => Reply::raw(body.clone()),
    });
    let home = home(&fake.url());
    let ran = home.run(["run", "--session", "s", "-e", "hi"]);
    let shown = home.run(["sessions", "show", "s"]).ok();
    for text in [&ran.err, &ran.out, &shown.out, &shown.err] {
        assert!(
            !text.contains(['\u{1b}', '\u{202e}', '\u{0}']),
            "{:?}",
            text.chars().take(2_000).collect::<String>()
        );
    }
    // Whatever became of that turn, the conversation goes on.
    let next = FakeOpenAi::answering(|_| Reply::text("fine"));
    let ran = home.env("OPENPISTA_BASE_URL", next.url()).run(["run", "--session", "s", "-e", "again"]).ok();
    assert_eq!(ran.out, "fine\n");
    assert!(next.refusals().is_empty());
}

#[test]
fn an_interrupt_ends_a_flood() {
    let server = RawServer::start(|stream| flood(stream, OK, &b": ping\n".repeat(1_000), 1 << 30));
    let home = home(&server.url());
    let running = home.start(["run", "-e", "hi"], "");
    assert!(until(|| !server.heads.lock().expect("heads").is_empty()), "nothing was asked");
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal("INT");
    running.wait().code(130);
}

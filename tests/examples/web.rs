//! The channel over HTTP.

use crate::{
    example,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Piped, until},
    },
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

/// A chat server: messages are there to be fetched, answers are kept.
struct Chat {
    url: String,
    messages: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<Value>>>,
}

impl Chat {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (messages, answers) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(vec![])));
        let (there, kept) = (Arc::clone(&messages), Arc::clone(&answers));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (there, kept) = (Arc::clone(&there), Arc::clone(&kept));
                thread::spawn(move || {
                    let request = read(&mut stream);
                    let body = if request.starts_with("POST /answers") {
                        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
                        kept.lock().expect("kept").push(serde_json::from_str(body).expect("JSON"));
                        "{}".to_owned()
                    } else {
                        let after = request.split("after=").nth(1).unwrap_or("0");
                        let after: u64 = after.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                        let there = there.lock().expect("there");
                        let new: Vec<&Value> =
                            there.iter().filter(|m: &&Value| m["id"].as_u64() > Some(after)).collect();
                        serde_json::to_string(&new).expect("JSON")
                    };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all((head + &body).as_bytes());
                });
            }
        });
        Self { url, messages, answers }
    }

    fn say(&self, id: u64, from: &str, text: &str) {
        self.messages.lock().expect("messages").push(json!({"id": id, "from": from, "text": text}));
    }

    fn answers(&self) -> Vec<Value> {
        self.answers.lock().expect("answers").clone()
    }
}

fn read(stream: &mut impl Read) -> String {
    let mut bytes = vec![];
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return text,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

#[test]
fn messages_come_in_by_polling_and_answers_are_posted_back() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("you said {}", request.last_text())));
    let chat = Chat::start();
    let home = Home::with(&fake).env("CHAT_URL", &chat.url);
    chat.say(1, "ada", "one");
    chat.say(2, "mallory", "let me in");
    chat.say(3, "ada", "two");
    let config = example("http_channel.lua");
    let repl = Piped::start(home.command(["--config", &config, "repl"]));
    assert!(until(|| chat.answers().len() == 2), "{:?}\n{}", chat.answers(), repl.err());
    assert_eq!(chat.answers()[0], json!({"to": "ada", "text": "you said one"}));
    assert_eq!(chat.answers()[1]["text"], "you said two");
    repl.end();
    // The next program goes on where this one ended.
    chat.say(4, "ada", "three");
    let repl = Piped::start(home.command(["--config", &config, "repl"]));
    assert!(until(|| chat.answers().len() == 3));
    assert_eq!(chat.answers()[2]["text"], "you said three");
    repl.end();
}

//! Answers that are sent to a URL.

use crate::{
    Hook, TOKEN, echo, home,
    support::program::{PATIENCE, until},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// A server that is called back: answers with these statuses in turn, then with 204.
struct Called {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

#[derive(Clone, Debug)]
struct Call {
    headers: Vec<String>,
    body: String,
}

impl Call {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl Called {
    fn start(statuses: impl IntoIterator<Item = u16> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let kept = Arc::clone(&calls);
        let statuses: Vec<u16> = statuses.into_iter().collect();
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
                let mut lines = BufReader::new(stream.try_clone().expect("a clone"));
                let mut headers = vec![];
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    headers.push(line.trim_end().to_owned());
                }
                let length =
                    headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                lines.read_exact(&mut body).expect("a body");
                let body = String::from_utf8(body).expect("UTF-8");
                kept.lock().expect("no panic").push(Call { headers, body });
                let status = statuses.get(n).copied().unwrap_or(204);
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nlocation: /else\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, calls }
    }

    fn url(&self) -> String {
        format!("http://{}/answers", self.address)
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no panic").clone()
    }
}

fn open(called: &Called) -> String {
    format!("pista.setup {{ http_allow = {{ '{}' }} }}", called.address)
}

/// The signature as another program makes it.
fn signed(call: &Call, key: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is there");
    let text = format!("{}.{}", call.header("openpista-timestamp"), call.body);
    openssl.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    let out = openssl.wait_with_output().expect("its end").stdout;
    let out = String::from_utf8(out).expect("UTF-8");
    format!("sha256={}", out.trim().rsplit(' ').next().unwrap_or_default())
}

#[test]
fn the_answer_is_sent_signed() {
    let (fake, called) = (echo(), Called::start([]));
    let hook = Hook::start(&home(&fake, "", &open(&called)));
    let taken = hook
        .post(&json!({ "text": "one", "id": "m", "conversation": "c", "callback": called.url() }))
        .json(202);
    assert_eq!(taken["state"], "open");
    assert!(until(|| called.calls().len() == 1), "nobody was called");
    let call = called.calls().remove(0);
    let body = call.json();
    assert_eq!(
        (&body["id"], &body["state"], &body["reply"]),
        (&json!("m"), &json!("done"), &json!("Answer to one."))
    );
    assert_eq!(
        (&body["channel"], &body["conversation"], &body["attempt"]),
        (&json!("hook"), &json!("c"), &json!(1))
    );
    assert_eq!(call.headers[0], "POST /answers HTTP/1.1");
    assert_eq!(call.header("openpista-signature"), signed(&call, TOKEN));
    assert!(!call.headers.concat().contains(TOKEN) && !call.body.contains(TOKEN));
    // It can be asked for, too.
    assert_eq!(hook.get("/message/m?wait=60").json(200)["reply"], "Answer to one.");
}

#[test]
fn a_call_that_fails_is_made_again() {
    let (fake, called) = (echo(), Called::start([500, 302]));
    let hook = Hook::start(&home(&fake, "", &open(&called)));
    // Who waits as well need not wait for that.
    let message = json!({ "text": "one", "id": "m", "callback": called.url(), "wait": true });
    assert_eq!(hook.post(&message).json(200)["reply"], "Answer to one.");
    assert!(until(|| called.calls().len() == 3), "{:?}", called.calls());
    let attempts: Vec<_> = called.calls().iter().map(|call| call.json()["attempt"].clone()).collect();
    assert_eq!(attempts, [1, 2, 3]);
    let numbers: Vec<_> = called.calls().iter().map(|call| call.json()["number"].clone()).collect();
    assert!(numbers.iter().all(|number| *number == numbers[0]), "by its number a repetition is known");
    assert!(until(|| hook.get("/message/m").json(200)["callback_error"].is_null()));
    assert_eq!(fake.count(), 1);
}

#[test]
fn a_call_that_was_not_made_is_made_after_a_restart() {
    let (fake, called) = (echo(), Called::start([503]));
    let home = home(&fake, "", &open(&called));
    let hook = Hook::start(&home);
    hook.post(&json!({ "text": "one", "id": "m", "callback": called.url() })).json(202);
    assert!(until(|| hook.get("/message/m").json(200)["callback_error"].is_string()));
    hook.kill();
    let _hook = Hook::start(&home);
    assert!(until(|| called.calls().len() >= 2), "{:?}", called.calls());
    assert_eq!(called.calls()[1].json()["reply"], "Answer to one.");
    assert_eq!(fake.count(), 1);
}

#[test]
fn addresses_that_are_not_open_are_not_called() {
    let (fake, called) = (echo(), Called::start([]));
    let hook = Hook::start(&home(&fake, "", ""));
    hook.post(&json!({ "text": "one", "id": "m", "callback": called.url() })).json(202);
    let error = || hook.get("/message/m").json(200)["callback_error"].clone();
    assert!(until(|| error().as_str().is_some_and(|text| text.contains("not open"))), "{}", error());
    assert_eq!(called.calls().len(), 0);
    // Nobody waits for it.
    assert_eq!(hook.say("two")["reply"], "Answer to two.");
}

#[test]
fn what_answers_nothing_goes_to_the_channels_own_url() {
    let (fake, called) = (echo(), Called::start([]));
    let more = format!(
        "{}\npista.command('tell', function(ctx, args) pista.send('hook:garden', args.text) return 'told' end)",
        open(&called)
    );
    let options = format!("callback = '{}', signing = pista.secret('env:SIGNING')", called.url());
    let home = home(&fake, &options, &more).env("SIGNING", "another key");
    let hook = Hook::start(&home);
    assert_eq!(hook.say("/tell news")["reply"], "told");
    assert!(until(|| called.calls().len() == 1));
    let call = called.calls().remove(0);
    assert_eq!((&call.json()["text"], &call.json()["conversation"]), (&json!("news"), &json!("garden")));
    assert_eq!(call.header("openpista-signature"), signed(&call, "another key"));
}

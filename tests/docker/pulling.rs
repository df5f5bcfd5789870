//! What is told while an image is pulled. The engine is a stand-in for one with a slow registry: it speaks
//! the part of Docker's interface that is used until then.

use openpista::sandbox::{
    Keep, Limits,
    docker::{Container, Docker, DockerError},
};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Longer than the time after which progress is told again.
const SLOW: Duration = Duration::from_millis(2_300);

/// What was asked, a line for each request.
type Asked = Arc<Mutex<Vec<String>>>;

fn engine(socket: &Path) -> Asked {
    let listener = UnixListener::bind(socket).expect("a socket");
    let asked = Asked::default();
    let noted = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let noted = noted.clone();
            thread::spawn(move || serve(stream.expect("a connection"), &noted));
        }
    });
    asked
}

fn serve(stream: UnixStream, asked: &Asked) {
    let mut out = stream.try_clone().expect("a stream");
    let mut input = BufReader::new(stream);
    loop {
        let mut lines = vec![];
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            lines.push(line);
        }
        let request = lines.first().cloned().unwrap_or_default();
        asked.lock().expect("no panic").push(request.clone());
        let whole = |status: &str, body: &str| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        if request.contains("/images/create") {
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = out.write_all(head.as_bytes());
            let mut say = |line: &str| {
                let _ = out.write_all(format!("{:x}\r\n{line}\n\r\n", line.len() + 1).as_bytes());
            };
            say(r#"{"status":"Pulling from library/large","id":"1.0"}"#);
            thread::sleep(SLOW);
            say(r#"{"status":"Downloading","id":"a1b2c3"}"#);
            say(r#"{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}"#);
            let _ = out.write_all(b"0\r\n\r\n");
            continue;
        }
        let answer = if request.contains("/version") {
            whole("200 OK", r#"{"ApiVersion":"1.41","Version":"stand-in"}"#)
        } else {
            whole("404 Not Found", r#"{"message":"no such image"}"#)
        };
        let _ = out.write_all(answer.as_bytes());
    }
}

#[tokio::test]
async fn it_is_told_what_goes_on_and_why_it_failed() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let asked = engine(&socket);
    let docker = Docker::new(Some(&format!("unix://{}", socket.display())), "test");
    let told = Mutex::new(vec![]);
    let progress = |text: &str| told.lock().expect("no panic").push(text.to_owned());
    let keep = Keep { dir: dir.path().join("spill"), filter: None };
    let container = Container::new("library/large:1.0", vec!["true".into()]);
    let limits = Limits::default();
    let run = docker.run(&container, &limits, &keep, &progress);
    let error = tokio::time::timeout(Duration::from_secs(60), run).await.expect("it ends").unwrap_err();
    assert!(
        matches!(&error, DockerError::Image { message, .. } if message.contains("no space left")),
        "{error}"
    );
    let told = told.into_inner().unwrap();
    assert_eq!(told[0], "pulling the image library/large:1.0");
    assert!(told[1..].iter().any(|line| line.contains("Downloading a1b2c3")), "{told:?}");
    let asked = asked.lock().unwrap().clone();
    let pull = asked.iter().find(|line| line.contains("/images/create")).expect("it is pulled");
    assert!(pull.contains("tag=1.0"), "only what is wanted is pulled: {pull}");
}

//! A stand-in for an engine that does not answer, dies or says no at a chosen step. It speaks the part of
//! Docker's interface that is used, keeps to its rules (a container is made once, under its name; only one
//! that was made can be started), and notes what was asked.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What is asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    Version,
    Info,
    Image,
    Pull,
    List,
    Create,
    Attach,
    Start,
    Wait,
    Inspect,
    Kill,
    Remove,
}

/// What it does at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never answers.
    Stalls,
    /// The process is gone, with all its connections and its socket.
    Dies,
    /// It answers with an error of its own.
    Refuses,
}

/// The engine. Its socket is in a directory of its own.
pub(crate) struct StandIn {
    dir: tempfile::TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    socket: PathBuf,
    faults: HashMap<Ask, Fault>,
    /// Whether the image is there.
    image: AtomicBool,
    asked: Mutex<Vec<String>>,
    dead: AtomicBool,
    connections: Mutex<Vec<UnixStream>>,
    /// Containers by name: whether each runs.
    containers: Mutex<HashMap<String, State>>,
    changed: Condvar,
    /// How long a container runs by itself.
    runs: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Created,
    Running,
    Exited(i64),
}

impl StandIn {
    /// An engine that has every image, in which a container prints a line and ends after `runs`.
    pub(crate) fn start(runs: Duration, faults: &[(Ask, Fault)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("docker.sock");
        let shared = Arc::new(Shared {
            socket: socket.clone(),
            faults: faults.iter().copied().collect(),
            image: AtomicBool::new(!faults.iter().any(|(ask, _)| *ask == Ask::Pull)),
            asked: Mutex::default(),
            dead: AtomicBool::new(false),
            connections: Mutex::default(),
            containers: Mutex::default(),
            changed: Condvar::new(),
            runs,
        });
        let listener = UnixListener::bind(&socket).expect("a socket");
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if serving.dead.load(Ordering::SeqCst) {
                    return;
                }
                serving.connections.lock().expect("it works").push(stream.try_clone().expect("a stream"));
                let serving = serving.clone();
                thread::spawn(move || {
                    let _ = serve(&serving, stream);
                });
            }
        });
        Self { dir, shared }
    }

    /// As in `DOCKER_HOST`.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.shared.socket.display())
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The first lines of the requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().expect("it works").clone()
    }

    /// How often something was asked.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.asked().iter().filter(|line| line.contains(part)).count()
    }

    /// Containers that are there.
    pub(crate) fn containers(&self) -> usize {
        self.shared.containers.lock().expect("it works").len()
    }
}

impl Shared {
    fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        let _ = fs::remove_file(&self.socket);
        for stream in self.connections.lock().expect("it works").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        self.changed.notify_all();
    }

    fn set(&self, name: &str, state: Option<State>) {
        let mut all = self.containers.lock().expect("it works");
        match state {
            Some(state) => drop(all.insert(name.to_owned(), state)),
            None => drop(all.remove(name)),
        }
        self.changed.notify_all();
    }

    fn get(&self, name: &str) -> Option<State> {
        self.containers.lock().expect("it works").get(name).copied()
    }
}

/// Which question a request line is, and the container that it is about.
fn understood(line: &str) -> (Option<Ask>, String) {
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/v1.41").unwrap_or(path);
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let name = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
    let ask = match (method, parts.as_slice()) {
        ("GET", ["version"]) => Ask::Version,
        ("GET", ["info"]) => Ask::Info,
        ("POST", ["images", "create"]) => Ask::Pull,
        ("GET", ["images", ..]) => Ask::Image,
        ("GET", ["containers", "json"]) => Ask::List,
        ("POST", ["containers", "create"]) => {
            let named = query.split('&').find_map(|pair| pair.strip_prefix("name="));
            return (Some(Ask::Create), named.unwrap_or_default().to_owned());
        }
        ("POST", ["containers", _, "attach"]) => Ask::Attach,
        ("POST", ["containers", _, "start"]) => Ask::Start,
        ("POST", ["containers", _, "wait"]) => Ask::Wait,
        ("POST", ["containers", _, "kill"]) => Ask::Kill,
        ("GET", ["containers", _, "json"]) => Ask::Inspect,
        ("DELETE", ["containers", _]) => Ask::Remove,
        _ => return (None, String::new()),
    };
    (Some(ask), name(1))
}

fn serve(shared: &Arc<Shared>, stream: UnixStream) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    loop {
        let Some((line, length)) = request(&mut input)? else { return Ok(()) };
        std::io::copy(&mut input.by_ref().take(length), &mut std::io::sink())?;
        shared.asked.lock().expect("it works").push(line.clone());
        let (ask, name) = understood(&line);
        let Some(ask) = ask else { panic!("the engine knows no {line:?}") };
        match shared.faults.get(&ask) {
            Some(Fault::Stalls) if ask == Ask::Pull => pulling(&mut out)?,
            Some(Fault::Dies) if ask == Ask::Wait => {
                thread::sleep(Duration::from_millis(300));
                shared.die();
                return Ok(());
            }
            Some(Fault::Stalls) => loop {
                thread::sleep(Duration::from_secs(600));
            },
            Some(Fault::Dies) => {
                shared.die();
                return Ok(());
            }
            Some(Fault::Refuses) => {
                let said = r#"{"message":"as the test wants it"}"#;
                answer(&mut out, "500 Internal Server Error", said)?;
                continue;
            }
            None => {}
        }
        if ask == Ask::Attach {
            return attached(shared, &mut out, &name);
        }
        let (status, body) = answered(shared, ask, &name);
        answer(&mut out, status, &body)?;
    }
}

/// The first line and the length of the body.
fn request(input: &mut BufReader<UnixStream>) -> std::io::Result<Option<(String, u64)>> {
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line);
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok(Some((lines.first().cloned().unwrap_or_default(), length.unwrap_or(0))))
}

fn answer(out: &mut UnixStream, status: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
    out.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// A pull that begins, and then tells nothing more.
fn pulling(out: &mut UnixStream) -> std::io::Result<()> {
    let line = "{\"status\":\"Downloading\",\"id\":\"a1b2c3\"}\n";
    out.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    out.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())?;
    loop {
        thread::sleep(Duration::from_secs(600));
    }
}

/// What a container prints: a line, once it runs.
fn attached(shared: &Shared, out: &mut UnixStream, name: &str) -> std::io::Result<()> {
    assert!(shared.get(name).is_some(), "nothing to attach to");
    let head = "HTTP/1.1 101 UPGRADED\r\ncontent-type: application/vnd.docker.raw-stream\r\n\
                connection: Upgrade\r\nupgrade: tcp\r\n\r\n";
    out.write_all(head.as_bytes())?;
    let mut all = shared.containers.lock().expect("it works");
    while all.get(name) == Some(&State::Created) {
        all = shared.changed.wait(all).expect("it works");
    }
    drop(all);
    let line = b"begun\n";
    let header = [1, 0, 0, 0, 0, 0, 0, line.len() as u8];
    out.write_all(&header)?;
    out.write_all(line)?;
    let mut all = shared.containers.lock().expect("it works");
    while all.get(name) == Some(&State::Running) && !shared.dead.load(Ordering::SeqCst) {
        all = shared.changed.wait(all).expect("it works");
    }
    Ok(())
}

fn answered(shared: &Arc<Shared>, ask: Ask, name: &str) -> (&'static str, String) {
    let missing = || ("404 Not Found", r#"{"message":"no such container"}"#.to_owned());
    match ask {
        Ask::Version => ("200 OK", r#"{"ApiVersion":"1.41","Version":"stand-in"}"#.into()),
        Ask::Info => ("200 OK", "{}".into()),
        Ask::Image if shared.image.load(Ordering::SeqCst) => ("200 OK", "{}".into()),
        Ask::Image => ("404 Not Found", r#"{"message":"no such image"}"#.into()),
        Ask::Pull => ("200 OK", String::new()),
        Ask::List => ("200 OK", "[]".into()),
        Ask::Create => {
            assert!(!name.is_empty() && shared.get(name).is_none(), "{name:?} is made twice");
            shared.set(name, Some(State::Created));
            ("201 Created", format!(r#"{{"Id":"{name}","Warnings":[]}}"#))
        }
        Ask::Start => {
            if shared.get(name) != Some(State::Created) {
                return missing();
            }
            shared.set(name, Some(State::Running));
            let (shared, name) = (shared.clone(), name.to_owned());
            thread::spawn(move || {
                thread::sleep(shared.runs);
                if shared.get(&name) == Some(State::Running) {
                    shared.set(&name, Some(State::Exited(0)));
                }
            });
            ("204 No Content", String::new())
        }
        Ask::Wait => {
            let mut all = shared.containers.lock().expect("it works");
            while matches!(all.get(name), Some(State::Created | State::Running)) {
                all = shared.changed.wait(all).expect("it works");
            }
            match all.get(name) {
                Some(State::Exited(code)) => ("200 OK", format!(r#"{{"StatusCode":{code}}}"#)),
                _ => missing(),
            }
        }
        Ask::Inspect => match shared.get(name) {
            Some(state) => {
                let code = if let State::Exited(code) = state { code } else { 0 };
                let running = state == State::Running;
                (
                    "200 OK",
                    format!(r#"{{"State":{{"Running":{running},"ExitCode":{code},"OOMKilled":false}}}}"#),
                )
            }
            None => missing(),
        },
        Ask::Kill => {
            shared.set(name, Some(State::Exited(137)));
            ("204 No Content", String::new())
        }
        Ask::Remove => {
            if shared.get(name).is_none() {
                return missing();
            }
            shared.set(name, None);
            ("204 No Content", String::new())
        }
        Ask::Attach => unreachable!("answered elsewhere"),
    }
}

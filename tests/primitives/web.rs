//! A web server that says what it is told to, and remembers who came.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
};

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visit {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Visit {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub(crate) struct Page {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// Send the head and then nothing, until the server goes.
    hang: bool,
}

impl Page {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: String::new(), body: body.into(), hang: false }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn to(status: u16, location: &str) -> Self {
        Self::new("moved").status(status).header("location", location)
    }

    pub(crate) fn hanging() -> Self {
        Self { hang: true, ..Self::new("") }
    }
}

/// A running server. Its threads end with the process.
pub(crate) struct Site {
    address: SocketAddr,
    visits: Arc<Mutex<Vec<Visit>>>,
    connections: Arc<Mutex<usize>>,
    _open: mpsc::Sender<()>,
}

impl Site {
    pub(crate) fn start(answer: impl Fn(&Visit) -> Page + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let visits: Arc<Mutex<Vec<Visit>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (open, closed) = mpsc::channel();
        let closed = Arc::new(Mutex::new(closed));
        let (seen, counted, answer) = (visits.clone(), connections.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *counted.lock().expect("unpoisoned") += 1;
                let (seen, answer, closed) = (seen.clone(), answer.clone(), closed.clone());
                thread::spawn(move || serve(stream, &seen, &*answer, &closed));
            }
        });
        Self { address, visits, connections, _open: open }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.visits.lock().expect("unpoisoned").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("unpoisoned")
    }
}

fn serve(
    stream: TcpStream,
    visits: &Mutex<Vec<Visit>>,
    answer: &dyn Fn(&Visit) -> Page,
    closed: &Mutex<mpsc::Receiver<()>>,
) {
    let mut writer = stream.try_clone().expect("a clone");
    let mut reader = BufReader::new(stream);
    while let Some(visit) = read(&mut reader) {
        let page = answer(&visit);
        visits.lock().expect("unpoisoned").push(visit);
        let length = if page.hang { 100 } else { page.body.len() };
        let head = format!("HTTP/1.1 {} X\r\ncontent-length: {length}\r\n{}\r\n", page.status, page.headers);
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&page.body)).is_err() {
            return;
        }
        if page.hang {
            // Nobody sends: this ends when the site goes.
            let _ = closed.lock().map(|closed| closed.recv());
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Visit> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut visit = Visit { method, path, ..Visit::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        visit.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length: usize = visit.header("content-length").map_or(0, |n| n.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    visit.body = String::from_utf8(body).expect("text");
    Some(visit)
}

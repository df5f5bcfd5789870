//! A server that sends whatever bytes it likes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub(crate) struct RawServer {
    port: u16,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl RawServer {
    /// Reads each request, then hands the connection to `answer`.
    pub(crate) fn start<T>(answer: impl Fn(TcpStream) -> T + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (connections, heads) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (count, seen, answer) = (connections.clone(), heads.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (seen.clone(), answer.clone());
                thread::spawn(move || {
                    let head = request(&stream);
                    seen.lock().expect("heads").push(head);
                    answer(stream);
                });
            }
        });
        Self { port, connections, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

/// Reads one request; returns its head.
fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = reader.read_exact(&mut body);
    head
}

/// Writes `head`, then `piece` again and again until `most` bytes are sent or the client is gone. Returns
/// how many bytes went out.
pub(crate) fn flood(mut stream: TcpStream, head: &str, piece: &[u8], most: usize) -> usize {
    let mut sent = 0;
    if stream.write_all(head.as_bytes()).is_err() {
        return 0;
    }
    while sent < most && stream.write_all(piece).is_ok() {
        sent += piece.len();
    }
    sent
}

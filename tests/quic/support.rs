//! A server with a handler that does what messages say, and clients down to the bare QUIC.

use openpista::{
    domain::{
        BoxFuture,
        device::{Device, Devices, NewDevice, Role},
        event::TurnEvent,
        secret::Secret,
    },
    memory::{Memory, OpenOptions},
    quic::{
        Address, Client, Fingerprint, Handler, Identity, Limits, Peer, Reply, Server, Target, frame,
        protocol::{ALPN, Answer, Kind, Refusal, Request},
        token,
    },
};
use quinn::{Connection, Endpoint, RecvStream, SendStream, crypto::rustls::QuicClientConfig};
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde_json::{Value, json};
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Only to end what hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Fails instead of hanging.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("this hangs")
}

/// Does what the text of a message says, and keeps a diary.
#[derive(Default)]
pub(crate) struct Obedient {
    diary: Mutex<Vec<String>>,
    written: Notify,
}

impl Obedient {
    /// Adds an entry.
    pub(crate) fn write(&self, entry: impl Into<String>) {
        self.diary.lock().unwrap().push(entry.into());
        self.written.notify_waiters();
    }

    /// Waits for an entry.
    pub(crate) async fn wrote(&self, entry: &str) {
        soon(async {
            loop {
                let written = self.written.notified();
                tokio::pin!(written);
                written.as_mut().enable();
                if self.diary().iter().any(|line| line == entry) {
                    return;
                }
                written.await;
            }
        })
        .await;
    }

    pub(crate) fn diary(&self) -> Vec<String> {
        self.diary.lock().unwrap().clone()
    }
}

impl Handler for Obedient {
    fn generation(&self) -> u64 {
        7
    }

    fn handle(&self, peer: Peer, request: Request, reply: Reply) -> BoxFuture<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            let text = match &request {
                Request::Message { text, .. } => text.clone(),
                other => return Ok(json!({ "did": other.name(), "as": peer.role })),
            };
            let text_event = |delta: String| Answer::Event { event: TurnEvent::Text { delta } };
            let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
            match verb {
                // Says it back.
                "echo" => {
                    reply.send(text_event(rest.to_owned())).await.unwrap();
                    Ok(json!({ "device": peer.device }))
                }
                // Says nothing for so many milliseconds.
                "pause" => {
                    tokio::time::sleep(Duration::from_millis(rest.parse().unwrap())).await;
                    reply.send(text_event("after all".to_owned())).await.unwrap();
                    Ok(Value::Null)
                }
                // Says so many numbers, waiting for room.
                "count" => {
                    for n in 0..rest.parse::<u32>().unwrap() {
                        let output = Answer::Output { text: n.to_string() };
                        reply.send(output).await.map_err(|gone| Refusal::new(Kind::Internal, gone))?;
                    }
                    Ok(Value::Null)
                }
                // Answers with so many bytes.
                "large" => Ok(json!("z".repeat(rest.parse().unwrap()))),
                // Says so many KiB without waiting, and then waits for the end.
                "flood" => {
                    for _ in 0..rest.parse::<u32>().unwrap() {
                        reply.tell(Answer::Output { text: "x".repeat(1024) });
                    }
                    self.write("flooded");
                    reply.cancelled().await;
                    self.write("gave up");
                    Err(Refusal::new(Kind::Cancelled, "given up"))
                }
                // Waits to be told to stop.
                "wait" => {
                    reply.send(text_event("waiting".into())).await.unwrap();
                    self.write(format!("waiting {rest}"));
                    reply.cancelled().await;
                    self.write(format!("stopped {rest}"));
                    Err(Refusal::new(Kind::Cancelled, "given up"))
                }
                // Waits for a `go`, whatever else happens.
                "until-go" => {
                    self.write("waiting for go");
                    self.wrote("go").await;
                    let heard = reply.send(text_event("gone".into())).await;
                    self.write(if heard.is_ok() { "was heard" } else { "was not heard" });
                    Ok(json!("went"))
                }
                "go" => {
                    self.write("go");
                    Ok(Value::Null)
                }
                // Does not stop when told.
                "stubborn" => {
                    self.write("stubborn");
                    struct Dropped<'a>(&'a Obedient);
                    impl Drop for Dropped<'_> {
                        fn drop(&mut self) {
                            self.0.write("dropped");
                        }
                    }
                    let _dropped = Dropped(self);
                    std::future::pending().await
                }
                "panic" => panic!("as asked"),
                other => Err(Refusal::new(Kind::Request, format!("no such verb: {other}"))),
            }
        })
    }
}

/// A server, what it keeps, and an owner's token.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) memory: Memory,
    pub(crate) handler: Arc<Obedient>,
    pub(crate) server: Arc<Server>,
    pub(crate) target: Target,
    pub(crate) owner: Secret,
}

/// Limits with which nothing takes long.
pub(crate) fn brisk() -> Limits {
    Limits { failure_pace: Duration::from_millis(1), ..Limits::default() }
}

pub(crate) async fn place() -> Place {
    place_with(brisk()).await
}

pub(crate) async fn place_with(limits: Limits) -> Place {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap();
    let (owner, _) = device(&memory, Role::Owner).await;
    let handler = Arc::new(Obedient::default());
    let (server, target) = serve(dir.path(), &memory, handler.clone(), limits, loopback());
    Place { dir, memory, handler, server: Arc::new(server), target, owner }
}

pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

pub(crate) fn serve(
    dir: &Path,
    memory: &Memory,
    handler: Arc<Obedient>,
    limits: Limits,
    address: SocketAddr,
) -> (Server, Target) {
    let identity = Identity::keep(&dir.join("quic/identity.pem")).unwrap();
    let server = Server::new(&identity, Arc::new(memory.clone()), handler, limits).unwrap();
    let address = server.listen(address).unwrap();
    let target = Target { address: Address::Udp(address), fingerprint: identity.fingerprint() };
    (server, target)
}

/// Lets a device in past the door.
pub(crate) async fn device(memory: &Memory, role: Role) -> (Secret, Device) {
    let token = token::token().unwrap();
    let new = NewDevice { name: "test".into(), role, token: token::hash(&token), expires_ms: None };
    let device = memory.admit(new).await.unwrap();
    (token, device)
}

pub(crate) fn message(text: &str) -> Request {
    Request::Message {
        text: text.into(),
        session: None,
        agent: None,
        model: None,
        detach: false,
        unattended: false,
        literal: false,
    }
}

pub(crate) fn detached(text: &str) -> Request {
    Request::Message {
        text: text.into(),
        session: None,
        agent: None,
        model: None,
        detach: true,
        unattended: false,
        literal: false,
    }
}

impl Place {
    pub(crate) fn address(&self) -> SocketAddr {
        match self.target.address {
            Address::Udp(address) => address,
            Address::Unix(_) => unreachable!("listens on UDP"),
        }
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_as(&self.owner).await
    }

    pub(crate) async fn client_as(&self, token: &Secret) -> Client {
        soon(Client::connect(self.target.clone(), token.clone())).await.unwrap()
    }

    /// Whether a client that has nothing to do with the others is served.
    pub(crate) async fn serves(&self) {
        let client = self.client().await;
        soon(client.ask(&Request::Ping {})).await.unwrap();
        client.close().await;
    }

    /// A connection on which nothing was said yet.
    pub(crate) async fn bare(&self) -> Bare {
        Bare::connect(self.address(), ALPN).await.unwrap()
    }

    /// A connection on which all was said that has to be said first.
    pub(crate) async fn introduced(&self) -> Bare {
        let bare = self.bare().await;
        let answers = bare.exchange(&hello(self.owner.expose())).await;
        assert!(matches!(&answers[..], [Answer::Welcome(_)]), "{answers:?}");
        bare
    }

    /// Waits until the server counts as many.
    pub(crate) async fn traffic(&self, wanted: impl Fn(openpista::quic::Traffic) -> bool) {
        soon(async {
            while !wanted(self.server.traffic()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

pub(crate) fn hello(token: &str) -> Vec<u8> {
    framed(json!({ "type": "hello", "version": 1, "token": token }).to_string().as_bytes())
}

/// Bytes with a true header.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// A client that has only QUIC, and trusts everybody.
pub(crate) struct Bare {
    /// Ends the connection when it goes.
    _endpoint: Endpoint,
    pub(crate) connection: Connection,
}

impl Bare {
    pub(crate) fn of(endpoint: Endpoint, connection: Connection) -> Self {
        Self { _endpoint: endpoint, connection }
    }

    pub(crate) async fn connect(to: SocketAddr, alpn: &[u8]) -> Result<Self, quinn::ConnectionError> {
        let endpoint = Endpoint::client(loopback()).unwrap();
        let connection = endpoint.connect_with(bare_config(alpn), to, "localhost").unwrap().await?;
        Ok(Self { _endpoint: endpoint, connection })
    }

    /// Sends bytes on a new stream, ends it, and returns all that comes back.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Vec<Answer> {
        let (mut send, mut recv) = soon(self.connection.open_bi()).await.unwrap();
        let _ = send.write_all(bytes).await;
        let _ = send.finish();
        answers(&mut recv).await
    }

    /// Sends bytes on a new stream and keeps it open.
    pub(crate) async fn begin(&self, bytes: &[u8]) -> (SendStream, RecvStream) {
        let (mut send, recv) = soon(self.connection.open_bi()).await.unwrap();
        let _ = send.write_all(bytes).await;
        (send, recv)
    }

    /// The number and the words with which the server closed.
    pub(crate) async fn closed(&self) -> (u64, String) {
        match soon(self.connection.closed()).await {
            quinn::ConnectionError::ApplicationClosed(closed) => {
                (closed.error_code.into_inner(), String::from_utf8_lossy(&closed.reason).into_owned())
            }
            other => panic!("closed otherwise: {other}"),
        }
    }
}

/// All answers on a stream.
pub(crate) async fn answers(recv: &mut RecvStream) -> Vec<Answer> {
    let bytes = soon(recv.read_to_end(16 << 20)).await.unwrap();
    let mut decoder = frame::Decoder::new(frame::FRAME_LIMIT);
    decoder.push(&bytes);
    let mut all = vec![];
    while let Some(json) = decoder.next_frame().unwrap() {
        all.push(Answer::decode(json).unwrap());
    }
    decoder.end().unwrap();
    all
}

/// The only answer, which has to be a refusal.
pub(crate) fn refusal(answers: &[Answer]) -> &Refusal {
    match answers {
        [Answer::Error(refusal)] => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

pub(crate) fn bare_config(alpn: &[u8]) -> quinn::ClientConfig {
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth();
    tls.alpn_protocols = Some(alpn.to_vec()).filter(|alpn| !alpn.is_empty()).into_iter().collect();
    let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    config
}

#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

pub(crate) fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint::of(text.as_bytes())
}

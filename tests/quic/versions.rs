//! Those who speak something else.

use super::support::*;
use openpista::quic::{
    Client, ClientError,
    protocol::{Kind, close},
};
use std::sync::Arc;

#[tokio::test]
async fn another_protocol_ends_in_the_handshake() {
    let place = place().await;
    for alpn in [&b"h3"[..], b"openpista/2", b""] {
        let Err(error) = soon(Bare::connect(place.address(), alpn)).await else {
            panic!("{alpn:?} was let in");
        };
        assert!(error.to_string().contains("error 120"), "{error}");
    }
    place.serves().await;
}

#[tokio::test]
async fn another_version_of_the_messages_is_told_which_ones_there_are() {
    let place = place().await;
    let bare = place.bare().await;
    let answers = bare.exchange(&framed(br#"{"type":"hello","version":2,"proof":"x"}"#)).await;
    let refusal = refusal(&answers);
    assert_eq!((refusal.kind, &refusal.supported[..]), (Kind::Version, &[1][..]));
    assert!(refusal.message.contains("version 2") && refusal.message.contains("update"), "{refusal}");
    assert_eq!(bare.closed().await.0, u64::from(close::PROTOCOL));
}

#[tokio::test]
async fn our_client_says_that_the_server_speaks_something_else() {
    let identity = openpista::quic::Identity::make().unwrap();
    let other = other_server("h3");
    let target = openpista::quic::Target {
        address: openpista::quic::Address::Udp(other.local_addr().unwrap()),
        fingerprint: identity.fingerprint(),
    };
    let accept = tokio::spawn(async move {
        let incoming = other.accept().await.unwrap();
        let _ = incoming.accept().unwrap().await;
        other.wait_idle().await;
    });
    let error = soon(Client::connect(target, "token".into_secret())).await.unwrap_err();
    assert!(matches!(error, ClientError::OtherProtocol { .. }), "{error}");
    assert!(error.to_string().contains("does not speak openpista/1"), "{error}");
    accept.abort();
}

trait IntoSecret {
    fn into_secret(self) -> openpista::domain::secret::Secret;
}

impl IntoSecret for &str {
    fn into_secret(self) -> openpista::domain::secret::Secret {
        openpista::domain::secret::Secret::new(self)
    }
}

fn other_server(alpn: &str) -> quinn::Endpoint {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut tls =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
    tls.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    quinn::Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(crypto)), loopback()).unwrap()
}

//! The certificate, and those who rely on it.

use super::support::*;
use openpista::{
    domain::{device::Devices, secret::Secret},
    quic::{Address, Client, ClientError, Identity, IdentityError, Target, protocol::ALPN},
};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

#[test]
fn is_made_once_and_kept_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/identity.pem");
    let first = Identity::keep(&path).unwrap();
    assert_eq!(Identity::keep(&path).unwrap().fingerprint(), first.fingerprint());
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.as_path()), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing half-made is left: {left:?}");
    assert_ne!(Identity::make().unwrap().fingerprint(), first.fingerprint());
    assert!(!format!("{first:?}").contains("PRIVATE"));
}

#[test]
fn those_who_make_it_at_the_same_time_end_with_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("identity.pem");
    let prints: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Identity::keep(&path).unwrap().fingerprint().to_string()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
}

#[test]
fn one_that_is_broken_or_open_to_others_is_neither_used_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("identity.pem");
    Identity::keep(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = Identity::keep(&path).unwrap_err();
    assert!(matches!(error, IdentityError::Open(_)), "{error}");
    assert!(error.to_string().contains("chmod 600"), "{error}");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    let certificate = whole.split_inclusive("-----END CERTIFICATE-----").next().unwrap();
    for broken in ["", "nonsense", &whole[..whole.len() / 2], certificate] {
        fs::write(&path, broken).unwrap();
        let error = Identity::keep(&path).unwrap_err();
        assert!(matches!(error, IdentityError::Broken { .. }), "{error}");
        assert!(error.to_string().contains("paired again"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    }
}

#[tokio::test]
async fn a_server_with_another_one_learns_nothing() {
    let place = place().await;
    let wrong = Target { fingerprint: fingerprint("another"), ..place.target.clone() };
    let error = soon(Client::connect(wrong, Secret::new(place.owner.expose()))).await.unwrap_err();
    let ClientError::Stranger { expected, found, .. } = &error else { panic!("{error}") };
    assert_eq!((*expected, *found), (fingerprint("another"), place.target.fingerprint));
    let words = error.to_string();
    assert!(words.contains("pair again") && words.contains(&found.to_string()), "{words}");
    let seen = place.memory.all().await.unwrap()[0].seen_ms;
    assert_eq!(seen, None, "the token did not get there");
    place.serves().await;
}

/// Who has the certificate but not its key is not believed.
#[tokio::test]
async fn knowing_the_certificate_is_not_having_its_key() {
    let place = place().await;
    let path = place.dir.path().join("quic/identity.pem");
    let certificate = CertificateDer::from_pem_file(path).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(other.serialize_der()));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let resolver = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let thief = quinn::Endpoint::server(config, loopback()).unwrap();
    let address = Address::Udp(thief.local_addr().unwrap());
    let accepted =
        tokio::spawn(async move { thief.accept().await.unwrap().accept().unwrap().await.map(drop) });
    let target = Target { address, ..place.target.clone() };
    let error = soon(Client::connect(target, place.owner.clone())).await.unwrap_err();
    assert!(matches!(&error, ClientError::Lost(words) if words.contains("BadSignature")), "{error}");
    assert!(soon(accepted).await.unwrap().is_err(), "no connection came about");
}

//! The names that QUIC gives to connections.

use super::{identity::Identity, token};
use quinn::{
    ConnectionId, ConnectionIdGenerator, EndpointConfig,
    crypto::{CryptoError, HmacKey},
};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

/// Bytes of a connection's id. Those that QUIC's library makes differ in three bytes only: with a
/// thousand connections of eight ids each, one in two thousand newcomers gets another's and waits in vain.
const LENGTH: usize = 16;

/// For a server's endpoint: ids that do not repeat, and a word to those who still talk to a server
/// that ended without one.
pub(super) fn config(resets: &Arc<Resets>) -> EndpointConfig {
    let mut config = EndpointConfig::new(resets.clone());
    // Without randomness the library's own ids are what is left.
    if let Ok(key) = token::random::<32>() {
        config.cid_generator(move || Box::new(Ids { key, made: 0 }));
    }
    config
}

/// A keyed hash over a count: as good as random, and never the same twice.
struct Ids {
    key: [u8; 32],
    made: u64,
}

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        self.made += 1;
        let hash = Sha256::new().chain_update(self.key).chain_update(self.made.to_be_bytes()).finalize();
        ConnectionId::new(&hash[..LENGTH])
    }

    fn cid_len(&self) -> usize {
        LENGTH
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Signs the packets that tell a client that its connection is unknown here. The key comes from the
/// certificate's, so that a server which was killed and is back can tell its former clients, which
/// would wait for the time of silence otherwise.
pub(super) struct Resets([u8; 32]);

impl Resets {
    pub(super) fn new(identity: &Identity) -> Self {
        let key = identity.key();
        Self(Sha256::new().chain_update(b"openpista reset").chain_update(key.secret_der()).finalize().into())
    }

    fn tag(&self, data: &[u8]) -> [u8; 32] {
        let inner = Sha256::new().chain_update(self.0).chain_update(data).finalize();
        Sha256::new().chain_update(self.0).chain_update(inner).finalize().into()
    }
}

impl HmacKey for Resets {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        signature_out.copy_from_slice(&self.tag(data));
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        if self.tag(data) == *signature { Ok(()) } else { Err(CryptoError) }
    }
}

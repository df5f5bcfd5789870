//! The connections, kept apart by what was trusted when they were made.

use super::{
    NetError,
    resolver::{Resolver, Trust},
    target::Target,
};
use crate::domain::network::Opened;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Connections to one host that are kept while nobody uses them.
const IDLE: usize = 4;
/// Pools that are kept; further ones push out the oldest.
const POOLS: usize = 8;

/// Makes requests. Clones share their connections. Nothing exists before the first request.
#[derive(Clone, Default)]
pub struct Client(Arc<Inner>);

#[derive(Default)]
struct Inner {
    opened: Vec<Opened>,
    pools: Mutex<Vec<Pool>>,
}

/// A connection that was made because one call opened its address must not serve another call, for
/// which it is closed. So there is a pool for each degree of trust.
struct Pool {
    trust: Trust,
    plain: bool,
    client: reqwest::Client,
}

impl Client {
    /// A client for which `opened` is open besides the internet.
    pub fn new(opened: Vec<Opened>) -> Self {
        Self(Arc::new(Inner { opened, pools: Mutex::default() }))
    }

    pub(super) fn opened(&self) -> &[Opened] {
        &self.0.opened
    }

    /// What is wrong with a URL, as far as that can be told without looking its host up.
    pub fn objection(&self, url: &str) -> Option<NetError> {
        Target::read(url, &self.0.opened, &[]).err()
    }

    /// What can ask `target`.
    pub(super) fn pool(&self, target: &Target) -> Result<reqwest::Client, NetError> {
        let (trust, plain) = (&target.trust, target.is_plain());
        let mut pools = self.0.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.iter().find(|pool| pool.plain == plain && pool.trust == *trust) {
            return Ok(pool.client.clone());
        }
        let client = build(trust.clone(), plain)
            .map_err(|message| NetError::Failed { host: target.host.clone(), message })?;
        if pools.len() == POOLS {
            pools.remove(0);
        }
        pools.push(Pool { trust: trust.clone(), plain, client: client.clone() });
        Ok(client)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("opened", &self.0.opened).finish_non_exhaustive()
    }
}

fn build(trust: Trust, plain: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("openpista/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Resolver(trust));
    let builder = if plain {
        // Reading the machine's root certificates takes some 10 ms.
        builder.tls_backend_preconfigured(without_roots()?)
    } else {
        // Fails only if a provider is installed already, which is as good.
        let _ = ring::default_provider().install_default();
        builder
    };
    builder.build().map_err(|error| format!("the HTTP client can't be built: {error}"))
}

/// A TLS configuration that trusts nobody, for connections that use no TLS.
fn without_roots() -> Result<ClientConfig, String> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

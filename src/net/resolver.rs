//! Looks names up, and lets through what may be connected to.

use super::error::Barred;
use crate::domain::network::{Network, barred};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// What is trusted besides the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// These networks.
    Networks(Vec<Network>),
    /// The server that is asked: the user named it.
    Server,
}

impl Trust {
    pub(super) fn networks(networks: impl Iterator<Item = Network>) -> Self {
        let mut networks: Vec<Network> = networks.collect();
        networks.sort_unstable();
        networks.dedup();
        Self::Networks(networks)
    }
}

pub(super) struct Resolver(pub(super) Trust);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (trust, host) = (self.0.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let Trust::Networks(open) = trust else { return Ok(Box::new(found.into_iter()) as Addrs) };
            let closed = |at: &SocketAddr| barred(at.ip(), &open).map(|reason| (at.ip(), reason));
            let first = found.iter().find_map(closed);
            let addresses: Vec<_> = found.into_iter().filter(|at| closed(at).is_none()).collect();
            match first {
                Some((address, reason)) if addresses.is_empty() => {
                    Err(Barred { host, address, reason }.into())
                }
                _ => Ok(Box::new(addresses.into_iter()) as Addrs),
            }
        })
    }
}

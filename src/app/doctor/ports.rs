//! Whether devices could find a daemon where the setting `listen` says.

use super::{Finding, Health};
use crate::app::{Loaded, daemon::Files};
use std::{io::ErrorKind, net::UdpSocket};

pub(super) fn listen(loaded: &Loaded) -> Finding {
    const CHECK: &str = "ports";
    let Some(address) = loaded.settings.listen else {
        return Finding::ok(CHECK, "none is listened on: the setting listen is false");
    };
    let card = Files::of(&loaded.dirs).read().ok().flatten();
    let own = card.is_some_and(|card| card.address == Some(address));
    match UdpSocket::bind(address) {
        Ok(_) => Finding::ok(CHECK, format!("{address} (UDP) is free for openpista start")),
        Err(error) if error.kind() == ErrorKind::AddrInUse && own => {
            Finding::ok(CHECK, format!("{address} (UDP) is what the daemon listens on"))
        }
        Err(error) => Finding::new(CHECK, Health::Warn, format!("{address} (UDP): {error}"))
            .with("`listen` in pista.setup, or openpista start --listen, chooses another"),
    }
}

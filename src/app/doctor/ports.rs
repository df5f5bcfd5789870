//! Whether devices could find a daemon where the setting `listen` says.

use super::{Finding, Health};
use crate::app::{
    Loaded,
    daemon::{Files, holder},
};
use std::net::UdpSocket;

const CHECK: &str = "ports";

pub(super) fn listen(loaded: &Loaded) -> Finding {
    let files = Files::of(&loaded.dirs);
    let card = holder(&files.pid()).and_then(|_| files.read().ok().flatten());
    let wanted = loaded.settings.listen;
    match (card, wanted) {
        (Some(card), wanted) => {
            let pid = card.pid;
            match (card.address, wanted) {
                (Some(there), Some(wanted)) if there == wanted || wanted.port() == 0 => {
                    Finding::ok(CHECK, format!("{there} (UDP) is what the daemon (pid {pid}) listens on"))
                }
                (Some(there), wanted) => {
                    let wanted = wanted.map_or_else(|| "false".to_owned(), |wanted| wanted.to_string());
                    let seen =
                        format!("the daemon (pid {pid}) listens on {there} (UDP); the setting is {wanted}");
                    Finding::ok(CHECK, seen)
                }
                (None, _) => Finding::ok(
                    CHECK,
                    format!("the daemon (pid {pid}) listens on no address, but for programs of this user"),
                ),
            }
        }
        (None, None) => Finding::ok(CHECK, "none is listened on: the setting listen is false"),
        (None, Some(address)) => match UdpSocket::bind(address) {
            Ok(_) => Finding::ok(CHECK, format!("{address} (UDP) is free for openpista start")),
            Err(error) => Finding::new(CHECK, Health::Warn, format!("{address} (UDP): {error}"))
                .with("`listen` in pista.setup, or openpista start --listen, chooses another"),
        },
    }
}

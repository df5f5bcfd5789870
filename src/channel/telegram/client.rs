//! The connection to the server of the Bot API.

use super::POLL;
use crate::domain::secret::Secret;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};
use teloxide_core::{Bot, net};

/// Telegram's own server.
pub const API: &str = "https://api.telegram.org";
/// How long an answer may take beyond the time that was asked for: a connection that is dead without
/// saying so is noticed after this.
pub const ANSWER: Duration = Duration::from_secs(20);
/// How long a file may take on its way in or out.
pub const TRANSFER: Duration = Duration::from_secs(120);

/// One bot, as the two ways to use it: with files, and without.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) bot: Bot,
    pub(super) files: Bot,
}

impl Client {
    /// Connects nothing yet.
    pub(super) fn new(token: &Secret, api: Option<&str>) -> Result<Self, String> {
        let api = api.unwrap_or(API);
        let url = api.parse().map_err(|error| format!("{api} is no address: {error}"))?;
        let token = token.expose();
        // Anything else would make another address of the URL that it becomes a part of.
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b)) {
            return Err("the token is none: it looks like 123456:ABC-DEF…, as @BotFather gave it".into());
        }
        let bot = |timeout| -> Result<Bot, String> {
            let settings = net::default_reqwest_settings().timeout(timeout).tcp_nodelay(true);
            let settings = match api.starts_with("http://") {
                // The server is on this machine, or in its network.
                true => settings.use_preconfigured_tls(without_roots()?).no_proxy(),
                false => settings,
            };
            let client =
                settings.build().map_err(|error| format!("the HTTP client can't be built: {error}"))?;
            Ok(Bot::with_client(token, client).set_api_url(Clone::clone(&url)))
        };
        Ok(Self { bot: bot(POLL + ANSWER)?, files: bot(TRANSFER)? })
    }
}

/// A TLS configuration that trusts nobody, for connections that use no TLS: reading the machine's
/// root certificates takes a while.
fn without_roots() -> Result<ClientConfig, String> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

//! The connection to the server of the Bot API.
//!
//! The payloads are teloxide's. The requests are made here: teloxide writes the methods' names
//! otherwise than they are documented, sleeps for 10 s on any error of the server's, and hands on
//! nothing of an answer that its types do not know.

use super::{POLL, errors::Fault};
use crate::domain::secret::Secret;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest_012::{Body, Client as Http, RequestBuilder, Response, Url, multipart};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use std::{path::Path, sync::Arc, time::Duration};
use teloxide_core::{net, requests::Payload};

/// Telegram's own server.
pub const API: &str = "https://api.telegram.org";
/// How long an answer may take beyond the time that was asked for: a connection that is dead without
/// saying so is noticed after this.
pub const ANSWER: Duration = Duration::from_secs(20);
/// How long a file may take on its way in or out.
pub const TRANSFER: Duration = Duration::from_secs(120);
/// Bytes of an answer, at most.
pub const MAX_ANSWER_BYTES: usize = 64 << 20;

/// One bot at its server.
#[derive(Clone)]
pub(super) struct Client {
    http: Http,
    api: Url,
    token: Secret,
}

/// What every answer consists of. Nothing of it has to be there.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    pub(super) ok: Option<bool>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    pub(super) error_code: Value,
    pub(super) description: Value,
    pub(super) parameters: Value,
}

impl Client {
    /// Connects nothing yet.
    pub(super) fn new(token: &Secret, api: Option<&str>) -> Result<Self, String> {
        let api = api.unwrap_or(API);
        let url: Url = api.parse().map_err(|error| format!("{api} is no address: {error}"))?;
        let exposed = token.expose();
        // Anything else would make another address of the URL that it becomes a part of.
        if exposed.is_empty() || !exposed.bytes().all(|b| b.is_ascii_alphanumeric() || b":_-".contains(&b)) {
            return Err("the token is none: it looks like 123456:ABC-DEF…, as @BotFather gave it".into());
        }
        let settings = net::default_reqwest_settings().timeout(POLL + ANSWER).tcp_nodelay(true);
        let settings = match api.starts_with("http://") {
            // The server is on this machine, or in its network.
            true => settings.use_preconfigured_tls(without_roots()?).no_proxy(),
            false => settings,
        };
        let http = settings.build().map_err(|error| format!("the HTTP client can't be built: {error}"))?;
        Ok(Self { http, api: url, token: token.clone() })
    }

    /// Whether this is Telegram's own server.
    pub(super) fn is_telegrams(&self) -> bool {
        self.api.host_str() == Some("api.telegram.org")
    }

    /// Has something done; the result as it came.
    pub(super) async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, Fault> {
        let method = spelled(P::NAME);
        let text = self.call_raw(payload).await?;
        let result = read(&method, 200, &text)?.result;
        // It was done, in whatever words that is told.
        Ok(result.and_then(|result| serde_json::from_str(result.get()).ok()).unwrap_or_default())
    }

    /// Has something done; the whole answer, which is one of success.
    pub(super) async fn call_raw<P: Payload + Serialize>(&self, payload: &P) -> Result<String, Fault> {
        let method = spelled(P::NAME);
        let request = self.http.post(self.url(&method)).header("content-type", "application/json");
        self.answer(&method, request.body(fields(&method, payload)?.to_string())).await
    }

    /// Has a file sent, which stands in `field` of the payload.
    pub(super) async fn upload<P: Payload + Serialize>(
        &self,
        payload: &P,
        field: &'static str,
        path: &Path,
        name: &str,
    ) -> Result<Value, Fault> {
        let method = spelled(P::NAME);
        let mut form = multipart::Form::new();
        if let Value::Object(mut fields) = fields(&method, payload)? {
            fields.remove(field);
            for (key, value) in fields {
                form = match value {
                    Value::Null => form,
                    Value::String(text) => form.text(key, text),
                    other => form.text(key, other.to_string()),
                };
            }
        }
        let unread = |error: std::io::Error| Fault::File(error.to_string());
        let file = tokio::fs::File::open(path).await.map_err(unread)?;
        let length = file.metadata().await.map_err(unread)?.len();
        let part = multipart::Part::stream_with_length(Body::from(file), length).file_name(name.to_owned());
        let request = self.http.post(self.url(&method)).timeout(TRANSFER);
        let text = self.answer(&method, request.multipart(form.part(field, part))).await?;
        let result = read(&method, 200, &text)?.result;
        Ok(result.and_then(|result| serde_json::from_str(result.get()).ok()).unwrap_or_default())
    }

    /// The content of a file, by the path that the server gave.
    pub(super) async fn download(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, Fault>> + use<>, Fault> {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("file").push(&format!("bot{}", self.token.expose()));
            segments.extend(path.split('/').filter(|part| !part.is_empty()));
        }
        let response = self.http.get(url).timeout(TRANSFER).send().await.map_err(Fault::network)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Fault::broken("file", status, ""));
        }
        Ok(response.bytes_stream().map(|piece| piece.map_err(Fault::network)))
    }

    fn url(&self, method: &str) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(&format!("bot{}", self.token.expose())).push(method);
        }
        url
    }

    async fn answer(&self, method: &str, request: RequestBuilder) -> Result<String, Fault> {
        let response = request.send().await.map_err(Fault::network)?;
        let status = response.status().as_u16();
        let text = body(method, response).await?;
        read(method, status, &text).map(drop)?;
        Ok(text)
    }
}

/// The method's name as it is documented: servers that stand in for Telegram's may compare it to the
/// letter.
fn spelled(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

fn fields<P: Serialize>(method: &str, payload: &P) -> Result<Value, Fault> {
    match serde_json::to_value(payload) {
        Ok(Value::Null) => Ok(Value::Object(Map::new())),
        Ok(fields) => Ok(fields),
        Err(error) => Err(Fault::File(format!("{method} cannot be written as JSON: {error}"))),
    }
}

async fn body(method: &str, mut response: Response) -> Result<String, Fault> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Fault::network)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Fault::broken(method, status, "more than can be read"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Reads an answer. `Err`: it is one of refusal, or makes no sense.
pub(super) fn read<'a>(method: &str, status: u16, text: &'a str) -> Result<Envelope<'a>, Fault> {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) else {
        return Err(Fault::broken(method, status, text));
    };
    match envelope.ok {
        Some(true) => Ok(envelope),
        Some(false) => Err(Fault::refused(method, status, &envelope)),
        None => Err(Fault::broken(method, status, text)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_spelled_as_they_are_documented() {
        assert_eq!(spelled("GetMe"), "getMe");
        assert_eq!(spelled("SendMessage"), "sendMessage");
    }

    #[test]
    fn an_answer_needs_no_more_than_its_verdict() {
        assert!(read("getMe", 200, r#"{"ok":true}"#).is_ok());
        assert!(read("getMe", 200, r#"{"ok":true,"result":{"id":1,"x":"\ud83d"},"new":[]}"#).is_ok());
        for (status, text) in [(404, "<html>"), (200, "[]"), (200, r#"{"result":1}"#), (502, "")] {
            let fault = read("getMe", status, text).err().map(|fault| fault.to_string());
            let told = fault.unwrap_or_default();
            assert!(told.contains("getMe") && told.contains(&status.to_string()), "{told}");
            assert!(text.is_empty() || told.contains(text), "{told}");
        }
    }
}

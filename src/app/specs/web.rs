//! The web and the desktop of a spec.

use super::DOOR_LIMIT;
use crate::{
    domain::{
        BoxFuture,
        hook::TurnContext,
        id::HandlerId,
        primitives::{Desktop, FailureKind, HttpRequest, HttpResponse, PrimitiveError, Web},
    },
    script::{Limits, ScriptHandle},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The tool whose recording answers for all requests.
const TOOL: &str = "http.get";

/// Answers requests as the spec says.
pub(super) struct RecordedWeb {
    pub(super) script: ScriptHandle,
    pub(super) door: HandlerId,
    pub(super) context: TurnContext,
}

/// What the spec says: the words of a page, or all of it.
#[derive(Deserialize)]
struct Answer {
    status: Option<Value>,
    #[serde(default)]
    content: String,
    data: Option<Page>,
}

#[derive(Deserialize)]
struct Page {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    json: Option<Value>,
}

impl RecordedWeb {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, PrimitiveError> {
        let fail = |message: String| PrimitiveError::new(FailureKind::Io, message);
        let body = request.body.map(|body| String::from_utf8_lossy(&body).into_owned());
        let asked = json!({ "url": request.url, "method": request.method, "body": body });
        let arguments = vec![json!(TOOL), asked, json!(false), json!(self.context)];
        let answered = self.script.call_with(self.door, arguments, Limits::both(DOOR_LIMIT)).await;
        let answer: Answer = serde_json::from_value(answered.map_err(|error| fail(error.to_string()))?)
            .map_err(|error| fail(format!("the recording of {TOOL} is no page: {error}")))?;
        if answer.status.is_some_and(|status| status != "ok") {
            return Err(fail(answer.content));
        }
        let none = Page { status: None, headers: BTreeMap::new(), body: None, json: None };
        let mut page = answer.data.unwrap_or(none);
        let body = match (page.body, page.json) {
            (Some(body), _) => body,
            (None, Some(json)) => {
                page.headers.entry("content-type".into()).or_insert_with(|| "application/json".into());
                json.to_string()
            }
            (None, None) => answer.content,
        };
        Ok(HttpResponse {
            status: page.status.unwrap_or(200),
            headers: page.headers.into_iter().collect(),
            body: body.into_bytes(),
            url: request.url,
        })
    }
}

impl Web for RecordedWeb {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, PrimitiveError>> {
        Box::pin(self.ask(request))
    }
}

/// There is nobody at a spec's machine.
pub(super) struct NoDesktop;

impl Desktop for NoDesktop {
    fn notify<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }
}

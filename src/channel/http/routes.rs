//! What can be asked.

use super::{
    HttpChannel, Inner,
    failure::{Failure, Reply, json_reply},
    message::{Message, read_wait},
    query,
    waiting::{News, Place},
};
use crate::domain::{
    id::SessionId,
    plan::CALLER,
    post::{Arrival, Fate, Handled, Receipt, Stage},
    store::StoreError,
};
use http::{HeaderValue, Method, Request, StatusCode, header, request::Parts};
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// Answers one request.
pub(super) async fn answer(
    channel: &Arc<HttpChannel>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Reply, Failure> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if parts == ["health"] {
        only(&head, &[Method::GET, Method::HEAD])?;
        return Ok(health(channel));
    }
    let inner = channel.inner.load_full();
    admit(&inner, &head, peer)?;
    match parts.as_slice() {
        ["message"] => {
            only(&head, &[Method::POST])?;
            post(channel, &inner, &head, body).await
        }
        ["message", id] => {
            only(&head, &[Method::GET])?;
            get(channel, &inner, &query::decoded(id, false)?, head.uri.query()).await
        }
        ["conversation", name] => {
            only(&head, &[Method::GET])?;
            notes(&inner, &query::decoded(name, false)?, head.uri.query()).await
        }
        _ => Err(Failure::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is POST /message, GET /message/ID, GET /conversation/NAME and GET /health",
        )),
    }
}

/// Without a token: it tells nothing but whether all is well.
fn health(channel: &Arc<HttpChannel>) -> Reply {
    match channel.inner.load().terms.door.is_degraded() {
        false => json_reply(StatusCode::OK, &json!({ "status": "ok" })),
        true => {
            let reason = "the database cannot be written; what happens waits in memory";
            json_reply(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "degraded", "reason": reason }))
        }
    }
}

fn only(head: &Parts, methods: &[Method]) -> Result<(), Failure> {
    if methods.contains(&head.method) {
        return Ok(());
    }
    let allowed = if methods.contains(&Method::POST) { "POST" } else { "GET" };
    let message = format!("{} takes {allowed}", head.uri.path());
    let failure = Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    Err(failure.with(header::ALLOW, allowed))
}

fn admit(inner: &Inner, head: &Parts, peer: SocketAddr) -> Result<(), Failure> {
    let Err(failure) = inner.guard.admit(&head.headers) else { return Ok(()) };
    // The right token always gets in: whoever shares an address with a guesser is not shut out.
    match inner.terms.door.stranger(&peer.ip().to_string()) {
        None => Err(failure),
        Some(wait) => Err(Failure::too_often("too many requests without the right token", wait)),
    }
}

fn broken(error: &StoreError) -> Failure {
    tracing::error!(%error, "a request could not be answered");
    Failure::unavailable("the engine cannot store or read messages now; its log says why")
}

async fn post(
    channel: &Arc<HttpChannel>,
    inner: &Inner,
    head: &Parts,
    body: Incoming,
) -> Result<Reply, Failure> {
    let message = Message::read(head, body).await?;
    if channel.closing.is_cancelled() {
        return Err(Failure::unavailable("the engine ends"));
    }
    if message.callback.is_some() {
        inner.terms.may_be_called_back(message.callback.as_deref().unwrap_or_default())?;
    }
    let user = user(inner, message.user)?;
    let arrival = Arrival {
        channel: channel.name.clone(),
        conversation: message.conversation.unwrap_or_else(|| user.clone()),
        user,
        text: message.text,
        id: message.id,
        callback: message.callback,
    };
    // Waiting begins first: the answer may be there before this goes on.
    let (id, wait) = (arrival.id.clone(), message.wait);
    let place = (wait > Duration::ZERO).then(|| channel.waiting.enter(&id, &arrival.conversation));
    let door = &inner.terms.door;
    match door.receive(arrival.clone()).await.map_err(|error| broken(&error))? {
        Receipt::Accepted => {}
        Receipt::Seen => {
            let fate = door.fate(&id).await.map_err(|error| broken(&error))?;
            let fate = fate.ok_or_else(|| Failure::unavailable("the message is not to be found"))?;
            if !same(&fate.arrival, &arrival) {
                let message = format!("the id {id:?} belongs to another message");
                return Err(Failure::new(StatusCode::CONFLICT, "conflict", message));
            }
            if let Stage::Ended(_) = fate.stage {
                return Ok(ended(&fate));
            }
        }
        Receipt::Refused(why) => {
            return Err(Failure::new(StatusCode::FORBIDDEN, "refused", why).counted());
        }
        Receipt::Limited { retry_after } => {
            return Err(Failure::too_often(Receipt::limited(retry_after), retry_after).counted());
        }
    }
    let at = arrival.conversation;
    match place {
        None => Ok(open(&id, &at, None)),
        Some(place) => wait_for(channel, inner, place, &id, &at, wait).await,
    }
}

/// Whether a message that comes again is the one that came before.
fn same(before: &Arrival, now: &Arrival) -> bool {
    let retried = now.text.trim().starts_with("/retry");
    (&before.conversation, &before.user) == (&now.conversation, &now.user)
        && (before.text == now.text || retried)
}

/// Who speaks: whoever holds the token says so, among those who may.
fn user(inner: &Inner, given: Option<String>) -> Result<String, Failure> {
    match (given, inner.terms.users.as_slice()) {
        (Some(user), _) => Ok(user),
        (None, [only]) if only != "*" => Ok(only.clone()),
        (None, [_]) => Ok(CALLER.into()),
        (None, _) => Err(Failure::bad("user is missing: the channel has several")),
    }
}

async fn get(
    channel: &Arc<HttpChannel>,
    inner: &Inner,
    id: &str,
    query: Option<&str>,
) -> Result<Reply, Failure> {
    let mut wait = Duration::ZERO;
    for (_, value) in query::pairs(query.unwrap_or_default(), &["wait"])? {
        wait = read_wait(&serde_json::from_str(&value).unwrap_or(Value::String(value)))?;
    }
    let look = || async {
        let fate = inner.terms.door.fate(id).await.map_err(|error| broken(&error))?;
        let unknown =
            || Failure::new(StatusCode::NOT_FOUND, "not_found", format!("there is no message {id:?}"));
        fate.ok_or_else(unknown)
    };
    let mut fate = look().await?;
    if fate.stage == Stage::Open && wait > Duration::ZERO {
        let place = channel.waiting.enter(id, &fate.arrival.conversation);
        fate = look().await?;
        if fate.stage == Stage::Open {
            let conversation = fate.arrival.conversation;
            return wait_for(channel, inner, place, id, &conversation, wait).await;
        }
    }
    Ok(match fate.stage {
        Stage::Ended(_) => ended(&fate),
        Stage::Open => json_reply(StatusCode::OK, &told(id, &fate.arrival.conversation, "open")),
    })
}

/// Waits for an answer as long as the request may.
async fn wait_for(
    channel: &Arc<HttpChannel>,
    inner: &Inner,
    mut place: Place<'_>,
    id: &str,
    conversation: &str,
    wait: Duration,
) -> Result<Reply, Failure> {
    let news = tokio::select! {
        news = place.heard() => news,
        () = tokio::time::sleep(wait) => return Ok(open(id, conversation, None)),
        () = channel.closing.cancelled() => return Ok(open(id, conversation, None)),
    };
    match news {
        News::Answered { answered, text } => {
            Ok(done(id, conversation, answered.handled, answered.session.as_ref(), Some(&text)))
        }
        News::Ended => match inner.terms.door.fate(id).await.map_err(|error| broken(&error))? {
            Some(fate) => Ok(ended(&fate)),
            None => Ok(open(id, conversation, None)),
        },
        News::Question { id: question, text } => Ok(open(id, conversation, Some((&question, &text)))),
    }
}

async fn notes(inner: &Inner, conversation: &str, query: Option<&str>) -> Result<Reply, Failure> {
    let mut after = 0;
    for (_, value) in query::pairs(query.unwrap_or_default(), &["after"])? {
        after = value.parse().map_err(|_| Failure::bad("after is the number of a message"))?;
    }
    let notes = inner.terms.door.notes(conversation, after).await.map_err(|error| broken(&error))?;
    let notes: Vec<Value> = notes
        .into_iter()
        .map(|note| json!({ "number": note.number, "text": note.text, "question": note.question }))
        .collect();
    Ok(json_reply(StatusCode::OK, &json!({ "conversation": conversation, "messages": notes })))
}

fn told(id: &str, conversation: &str, state: &str) -> Value {
    json!({ "id": id, "conversation": conversation, "state": state })
}

/// The word for how a message ended.
pub(super) fn word(handled: Handled) -> &'static str {
    match handled {
        Handled::Done => "done",
        Handled::Failed => "failed",
        Handled::Interrupted => "interrupted",
    }
}

/// The message is taken, and its answer is not there yet.
fn open(id: &str, conversation: &str, question: Option<(&str, &str)>) -> Reply {
    let mut body = told(id, conversation, "open");
    if let Some((id, text)) = question {
        body["question"] = json!({ "id": id, "text": text });
    }
    let mut reply = json_reply(StatusCode::ACCEPTED, &body);
    if let Ok(place) = HeaderValue::from_str(&format!("/message/{}", query::encoded(id))) {
        reply.headers_mut().insert(header::LOCATION, place);
    }
    reply
}

fn done(
    id: &str,
    conversation: &str,
    handled: Handled,
    session: Option<&SessionId>,
    text: Option<&str>,
) -> Reply {
    let mut body = told(id, conversation, word(handled));
    body["session"] = json!(session);
    body["reply"] = json!(text);
    json_reply(StatusCode::OK, &body)
}

fn ended(fate: &Fate) -> Reply {
    let Fate { arrival, stage, session, reply, undelivered } = fate;
    let handled = if let Stage::Ended(handled) = stage { *handled } else { Handled::Failed };
    let mut body = told(&arrival.id, &arrival.conversation, word(handled));
    body["session"] = json!(session);
    body["reply"] = json!(reply);
    if let (Some(_), Some(why)) = (&arrival.callback, undelivered) {
        body["callback_error"] = json!(why);
    }
    json_reply(StatusCode::OK, &body)
}

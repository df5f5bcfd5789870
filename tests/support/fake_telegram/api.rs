//! The methods.

use super::{
    Fault, Sent, Shared, State, html,
    http::{Reply, refused},
    said::bot,
};
use serde_json::{Value, json};
use std::{
    sync::MutexGuard,
    time::{Duration, Instant},
};

const CONFLICT: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
const NOT_MODIFIED: &str = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

pub(super) fn call(method: &str, params: Value, file: Option<(String, Vec<u8>)>, shared: &Shared) -> Reply {
    let mut state = shared.state.lock().expect("no panic");
    state.methods.push(method.to_owned());
    if method != "getUpdates" {
        state.calls.push((method.to_owned(), params.clone()));
    }
    if let Some(answers) = state.broken.get_mut(method)
        && let Some((status, body)) = answers.pop_front()
    {
        return Reply::Raw(status, body);
    }
    let held = |state: &State| {
        let faults = params["chat_id"].as_i64().and_then(|chat| state.faults.get(&chat));
        method.starts_with("send") && matches!(faults.and_then(|f| f.front()), Some(Fault::Held))
    };
    state = shared.bell.wait_while(state, |state| held(state)).expect("no panic");
    // To the letter, as servers do that stand in for Telegram's.
    let reply = match method {
        "getUpdates" => return updates(&params, state, shared),
        "getMe" => Reply::Ok(state.me.clone().unwrap_or_else(bot)),
        "setMyCommands" => commands(&params),
        "sendChatAction" => match chat(&params, &state).and_then(|chat| thread(&params, chat, &state)) {
            Ok(_) => Reply::Ok(true.into()),
            Err(reply) => reply,
        },
        "sendMessage" => send(&mut state, &params, "text", None),
        "sendDocument" => {
            send(&mut state, &params, "caption", file.map(|(name, bytes)| ("document".into(), name, bytes)))
        }
        "sendPhoto" => {
            send(&mut state, &params, "caption", file.map(|(name, bytes)| ("photo".into(), name, bytes)))
        }
        "editMessageText" => edit(&mut state, &params, true),
        "editMessageReplyMarkup" => edit(&mut state, &params, false),
        "answerCallbackQuery" => press(&mut state, &params),
        "getFile" => get_file(&state, &params),
        _ => refused(404, "Not Found"),
    };
    if let Reply::Error(_, text, _) = &reply {
        state.refused.push(format!("{method}: {text}"));
    }
    reply
}

fn updates(params: &Value, mut state: MutexGuard<'_, State>, shared: &Shared) -> Reply {
    if state.webhook {
        return refused(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        );
    }
    if let Some(kinds) = params["allowed_updates"].as_array() {
        state.allowed = Some(kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect());
    }
    if let Some(offset) = params["offset"].as_i64() {
        state.pending.retain(|(id, _)| *id >= offset);
    }
    state.next_poll += 1;
    let own = state.next_poll;
    // Whoever polls already is told so.
    shared.bell.notify_all();
    let limit = params["limit"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
    let end = Instant::now() + Duration::from_secs(params["timeout"].as_u64().unwrap_or(0).min(50));
    loop {
        if state.next_poll != own {
            state.conflicts += 1;
            return refused(409, CONFLICT);
        }
        if !state.pending.is_empty() {
            let found: Vec<Value> =
                state.pending.iter().take(limit).map(|(_, update)| update.clone()).collect();
            return Reply::Ok(found.into());
        }
        let Some(left) = end.checked_duration_since(Instant::now()) else { return Reply::Ok(json!([])) };
        state = shared.bell.wait_timeout(state, left).expect("no panic").0;
    }
}

fn commands(params: &Value) -> Reply {
    for command in params["commands"].as_array().into_iter().flatten() {
        let name = command["command"].as_str().unwrap_or_default();
        let good = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !good || !(1..=32).contains(&name.len()) {
            return refused(400, "Bad Request: BOT_COMMAND_INVALID");
        }
        if !(1..=256).contains(&command["description"].as_str().unwrap_or_default().chars().count()) {
            return refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
        }
    }
    Reply::Ok(true.into())
}

fn chat(params: &Value, state: &State) -> Result<i64, Reply> {
    let id = params["chat_id"].as_i64().or_else(|| params["chat_id"].as_str()?.parse().ok());
    if let Some(to) = id.and_then(|id| state.upgraded.get(&id)) {
        let text = "Bad Request: group chat was upgraded to a supergroup chat".to_owned();
        return Err(Reply::Error(400, text, Some(json!({"migrate_to_chat_id": to}))));
    }
    match id.filter(|id| state.chats.contains_key(id)) {
        Some(id) => Ok(id),
        None => Err(refused(400, "Bad Request: chat not found")),
    }
}

/// The topic that something goes to. General has no number, though it is said to be 1.
fn thread(params: &Value, chat: i64, state: &State) -> Result<Option<i64>, Reply> {
    let Some(topic) = params["message_thread_id"].as_i64() else { return Ok(None) };
    match state.topics.contains(&(chat, topic)) {
        true => Ok(Some(topic)),
        false => Err(refused(400, "Bad Request: message thread not found")),
    }
}

/// The text as people see it, if it may be said.
fn text(params: &Value, key: &str, refused_too: &mut Vec<String>) -> Result<(String, bool), Reply> {
    let raw = params[key].as_str().unwrap_or_default();
    let looks = match params["parse_mode"].as_str() {
        None => false,
        Some("HTML") => true,
        Some(_) => return Err(refused(400, "Bad Request: unsupported parse_mode")),
    };
    let text = if looks {
        let read = html::parse(raw)
            .map_err(|error| refused(400, format!("Bad Request: can't parse entities: {error}")))?;
        // The server takes these, and drops what was meant.
        if read.entities > 100 {
            refused_too.push(format!("{} entities, of which 100 are kept", read.entities));
        }
        refused_too.extend(
            read.links
                .iter()
                .filter(|link| !html::is_link(link))
                .map(|link| format!("a link to {link:?}, of which the text is kept")),
        );
        read.text
    } else {
        raw.to_owned()
    };
    let text = text.trim().to_owned();
    let units: usize = text.chars().map(char::len_utf16).sum();
    let blank = text.chars().all(|c| {
        c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    });
    match key {
        "text" if blank => Err(refused(400, "Bad Request: message text is empty")),
        "text" if units > 4096 => Err(refused(400, "Bad Request: message is too long")),
        "caption" if units > 1024 => Err(refused(400, "Bad Request: message caption is too long")),
        _ => Ok((text, looks)),
    }
}

fn buttons(params: &Value) -> Result<Vec<String>, Reply> {
    let keys = params["reply_markup"]["inline_keyboard"].as_array().cloned().unwrap_or_default();
    let data: Vec<String> = keys
        .iter()
        .flat_map(|row| row.as_array().cloned().unwrap_or_default())
        .map(|key| key["callback_data"].as_str().unwrap_or_default().to_owned())
        .collect();
    match data.iter().all(|data| (1..=64).contains(&data.len())) {
        true => Ok(data),
        false => Err(refused(400, "Bad Request: BUTTON_DATA_INVALID")),
    }
}

fn send(state: &mut State, params: &Value, key: &str, file: Option<(String, String, Vec<u8>)>) -> Reply {
    let sent = (|| {
        let chat = chat(params, state)?;
        let topic = thread(params, chat, state)?;
        let fault = state.faults.get_mut(&chat).and_then(|faults| faults.pop_front());
        match &fault {
            Some(Fault::TooMany(seconds)) => {
                let text = format!("Too Many Requests: retry after {seconds}");
                return Err(Reply::Error(429, text, Some(json!({"retry_after": seconds}))));
            }
            Some(Fault::Blocked) => return Err(refused(403, "Forbidden: bot was blocked by the user")),
            Some(Fault::Looks) if params["parse_mode"] == "HTML" => {
                return Err(refused(
                    400,
                    "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0",
                ));
            }
            Some(Fault::Lost) => return Err(Reply::Nothing),
            _ => {}
        }
        let (text, html) = text(params, key, &mut state.refused)?;
        if let Some((kind, _, bytes)) = &file {
            match (kind.as_str(), bytes.len()) {
                (_, 0) => return Err(refused(400, "Bad Request: file must be non-empty")),
                ("photo", size) if size > 10 << 20 => {
                    return Err(refused(400, "Bad Request: file is too big for a photo"));
                }
                (_, size) if size > 50 << 20 => return Err(refused(413, "Request Entity Too Large")),
                ("photo", _) if !is_picture(bytes) => {
                    return Err(refused(400, "Bad Request: IMAGE_PROCESS_FAILED"));
                }
                _ => {}
            }
        } else if key == "caption" {
            return Err(refused(400, "Bad Request: there is no document in the request"));
        }
        let buttons = buttons(params)?;
        state.next_message += 1;
        let raw = params[key].as_str().unwrap_or_default().to_owned();
        let sent = Sent { chat, topic, id: state.next_message, text, raw, html, buttons, file, edits: 0 };
        let document = sent.document(&state.chats[&chat]);
        state.sent.push(sent);
        if matches!(fault, Some(Fault::Unheard)) { Err(Reply::Nothing) } else { Ok(document) }
    })();
    sent.map_or_else(|reply| reply, Reply::Ok)
}

fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff")
}

fn edit(state: &mut State, params: &Value, whole: bool) -> Reply {
    let edited = (|| {
        let chat = chat(params, state)?;
        if whole
            && let Some(Fault::TooMany(seconds)) =
                state.faults.get_mut(&chat).and_then(|faults| faults.pop_front())
        {
            let text = format!("Too Many Requests: retry after {seconds}");
            return Err(Reply::Error(429, text, Some(json!({"retry_after": seconds}))));
        }
        let new = if whole { Some(text(params, "text", &mut state.refused)?) } else { None };
        let buttons = buttons(params)?;
        let place = state.chats[&chat].clone();
        let id = params["message_id"].as_i64();
        let found = state.sent.iter_mut().find(|sent| sent.chat == chat && Some(sent.id) == id);
        let sent = found.ok_or_else(|| refused(400, "Bad Request: message to edit not found"))?;
        let same = new.as_ref().is_none_or(|(text, html)| *text == sent.text && *html == sent.html);
        if same && buttons == sent.buttons {
            return Err(refused(400, NOT_MODIFIED));
        }
        if let Some((text, html)) = new {
            (sent.text, sent.html) = (text, html);
            sent.raw = params["text"].as_str().unwrap_or_default().to_owned();
        }
        sent.buttons = buttons;
        sent.edits += 1;
        Ok(sent.document(&place))
    })();
    edited.map_or_else(|reply| reply, Reply::Ok)
}

fn press(state: &mut State, params: &Value) -> Reply {
    let id = params["callback_query_id"].as_str().unwrap_or_default();
    let told = params["text"].as_str().unwrap_or_default();
    if told.chars().count() > 200 {
        return refused(400, "Bad Request: MESSAGE_TOO_LONG");
    }
    match state.presses.get_mut(id) {
        Some(answer @ None) => {
            *answer = Some(told.to_owned());
            Reply::Ok(true.into())
        }
        _ => {
            refused(400, "Bad Request: query is too old and response timeout expired or query id is invalid")
        }
    }
}

fn get_file(state: &State, params: &Value) -> Reply {
    let id = params["file_id"].as_str().unwrap_or_default();
    match state.files.get(id) {
        Some((_, bytes)) if bytes.len() > 20 << 20 => refused(400, "Bad Request: file is too big"),
        Some((path, bytes)) => Reply::Ok(json!({
            "file_id": id, "file_unique_id": id, "file_size": bytes.len(), "file_path": path,
        })),
        None => refused(400, "Bad Request: invalid file id"),
    }
}

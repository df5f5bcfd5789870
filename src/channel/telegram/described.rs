//! Messages that are neither text nor files, in words.

use super::{message::named, origin::chat};
use serde_json::Value;

/// What a message says besides its text and its files, in words. `None`: nothing.
pub(super) fn described(message: &Value, kind: &str) -> Option<String> {
    let it = &message[kind];
    let text = |key: &str| it[key].as_str().unwrap_or_default();
    Some(match kind {
        "location" => format!("[location: {}]", coordinates(it)),
        "venue" => {
            format!("[venue: {}, {} ({})]", text("title"), text("address"), coordinates(&it["location"]))
        }
        "contact" => {
            let name = format!("{} {}", text("first_name"), text("last_name"));
            format!("[contact: {} {}]", name.trim(), text("phone_number"))
        }
        "sticker" => filled("sticker", text("emoji")),
        "dice" => format!("[dice {}: {}]", text("emoji"), plain(&it["value"])),
        "poll" => format!("[poll: {}{}]", text("question"), options(it)),
        "checklist" => format!("[checklist: {}{}]", text("title"), tasks(it)),
        "game" => format!("[game: {}, {}]", text("title"), text("description")),
        "story" => format!("[a story of {}, which cannot be read here]", chat(&it["chat"])),
        "paid_media" => format!("[media for {} stars]", plain(&it["star_count"])),
        "invoice" => {
            let (amount, currency) = (plain(&it["total_amount"]), text("currency"));
            format!("[invoice: {}, {}, {amount} {currency}]", text("title"), text("description"))
        }
        "giveaway" => format!("[giveaway: {} winners]", plain(&it["winner_count"])),
        "giveaway_winners" => format!("[giveaway: {} winners were drawn]", plain(&it["winner_count"])),
        "web_app_data" => format!("[data of the web app {}: {}]", text("button_text"), text("data")),
        "users_shared" => format!("[shared people: {}]", people(&it["users"], &it["user_ids"])),
        "user_shared" => format!("[shared people: {}]", plain(&it["user_id"])),
        "chat_shared" => format!("[shared chat: {} {}]", text("title"), plain(&it["chat_id"])),
        _ => return None,
    })
}

fn filled(what: &str, more: &str) -> String {
    if more.is_empty() { format!("[{what}]") } else { format!("[{what} {more}]") }
}

/// A number or a text as such; nothing else.
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    }
}

fn coordinates(at: &Value) -> String {
    let number = |key: &str| at[key].as_f64().map(|number| number.to_string()).unwrap_or_default();
    format!("{}, {}", number("latitude"), number("longitude"))
}

fn options(poll: &Value) -> String {
    let options = poll["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let options: Vec<&str> = options.iter().filter_map(|option| option["text"].as_str()).collect();
    if options.is_empty() { String::new() } else { format!(" ({})", options.join(" / ")) }
}

fn tasks(list: &Value) -> String {
    let tasks = list["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |task: &Value| {
        let done = !task["completion_date"].is_null() && task["completion_date"] != 0;
        format!("\n{} {}", if done { "☑" } else { "☐" }, task["text"].as_str().unwrap_or_default())
    };
    tasks.iter().map(line).collect()
}

fn people(users: &Value, ids: &Value) -> String {
    let list = users.as_array().or_else(|| ids.as_array()).map(Vec::as_slice).unwrap_or_default();
    let one = |user: &Value| {
        let name = user["first_name"].as_str().or_else(|| user["username"].as_str()).unwrap_or_default();
        let id = plain(if user.is_object() { &user["user_id"] } else { user });
        format!("{} {id}", named(name)).trim().to_owned()
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

//! A skill in WebAssembly: greets, and counts what it sees of the workspace.
//!
//! The host writes a call as JSON into our memory, `{"id": …, "name": …, "args": {…}}`, and reads a
//! result from it, `{"status": "ok", "content": …}`. Nothing but the standard library is used here;
//! a larger skill takes serde_json.

use std::{fs, slice, str};

/// A place for `len` bytes that the host fills.
#[no_mangle]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    let mut bytes = Vec::<u8>::with_capacity(len.max(1));
    let place = bytes.as_mut_ptr();
    std::mem::forget(bytes);
    place
}

/// Takes back what `alloc` or `run` gave.
///
/// # Safety
/// `place` and `len` are those of an earlier `alloc` or result.
#[no_mangle]
pub unsafe extern "C" fn dealloc(place: *mut u8, len: usize) {
    drop(Vec::from_raw_parts(place, 0, len.max(1)));
}

/// Answers a call. Returns the place of the result in the upper half, its length in the lower.
///
/// # Safety
/// `place` and `len` are those of a call that the host wrote.
#[no_mangle]
pub unsafe extern "C" fn run(place: *mut u8, len: usize) -> u64 {
    let call = str::from_utf8(slice::from_raw_parts(place, len)).unwrap_or("");
    let name = text_field(object(call, "args"), "name").unwrap_or("world");
    let seen = match fs::read_dir("/workspace") {
        Ok(entries) => format!("I see {} entries in the workspace.", entries.count()),
        Err(_) => "I see no workspace.".to_owned(),
    };
    eprintln!("greeting {name}");
    let result = format!("{{\"status\":\"ok\",\"content\":\"Hello, {name}! {seen}\"}}");
    let result = result.into_bytes().into_boxed_slice();
    let (at, size) = (result.as_ptr() as u64, result.len() as u64);
    std::mem::forget(result);
    at << 32 | size
}

/// The object that stands in a field; nothing when there is none.
fn object<'c>(json: &'c str, field: &str) -> &'c str {
    let begin = match json.find(&format!("\"{field}\":{{")) {
        Some(at) => at + field.len() + 3,
        None => return "",
    };
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in json[begin..].char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        if depth == 0 {
            return &json[begin..=begin + at];
        }
    }
    ""
}

/// The text of a field, still escaped as it was, which is how it goes back.
fn text_field<'c>(json: &'c str, field: &str) -> Option<&'c str> {
    let at = json.find(&format!("\"{field}\":\""))? + field.len() + 4;
    let value = &json[at..];
    let mut escaped = false;
    let end = value.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    Some(&value[..end])
}

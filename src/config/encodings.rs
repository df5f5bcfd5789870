//! The forms in which a secret turns up in text.

use base64::{
    Engine,
    alphabet::{Alphabet, STANDARD, URL_SAFE},
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use std::{collections::BTreeSet, fmt::Write};

/// Encoded forms shorter than this are left out: they would match by chance.
const LEAST_ENCODED: usize = 8;
/// Lines of a secret of several lines are secrets themselves from this length on.
const LEAST_LINE: usize = 20;
/// Where programs break lines of Base64 (`base64`; `openssl`, PEM) and of hex (`xxd -p`).
const BASE64_WIDTHS: [usize; 2] = [76, 64];
const HEX_WIDTHS: [usize; 1] = [60];

/// The secret itself and its encodings: Base64 in both alphabets, alone and inside longer text,
/// hex, percent-encoding, JSON and Debug escapes.
pub(super) fn forms(secret: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    if secret.contains('\n') {
        forms.insert(secret.replace("\r\n", "\n").replace('\n', "\r\n"));
        let lines = secret.lines().filter(|line| line.len() >= LEAST_LINE && !line.starts_with("-----"));
        forms.extend(lines.map(str::to_owned));
    }
    for alphabet in [&STANDARD, &URL_SAFE] {
        forms.extend(base64(secret.as_bytes(), alphabet));
    }
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    });
    forms.extend(wrapped(&hex, &HEX_WIDTHS));
    forms.insert(hex.to_uppercase());
    forms.insert(hex);
    forms.extend(percent(secret));
    forms.extend(escaped(secret));
    forms.retain(|form| form.len() >= LEAST_ENCODED);
    forms.insert(secret.to_owned());
    forms
}

fn base64(secret: &[u8], alphabet: &Alphabet) -> Vec<String> {
    let engine = GeneralPurpose::new(alphabet, GeneralPurposeConfig::new());
    let whole = engine.encode(secret);
    let mut forms = wrapped(&whole, &BASE64_WIDTHS);
    forms.push(whole.trim_end_matches('=').to_owned());
    forms.push(whole);
    // Inside a longer text the secret begins at one of three places in a group of three bytes. The
    // characters that also hold bits of what is around it are left out.
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        let text = engine.encode(&bytes);
        let begin = (before * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        forms.extend(text.get(begin..end).map(str::to_owned));
    }
    forms
}

/// The lines of an encoding that is broken at a width, when there are several.
fn wrapped(encoded: &str, widths: &[usize]) -> Vec<String> {
    let lines = |width: usize| {
        (0..encoded.len())
            .step_by(width)
            .map(move |at| encoded[at..(at + width).min(encoded.len())].to_owned())
    };
    widths.iter().filter(|width| encoded.len() > **width).flat_map(|width| lines(*width)).collect()
}

fn percent(secret: &str) -> [String; 3] {
    let encode = |upper: bool| {
        secret.bytes().fold(String::new(), |mut text, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(byte.into()),
                _ if upper => _ = write!(text, "%{byte:02X}"),
                _ => _ = write!(text, "%{byte:02x}"),
            }
            text
        })
    };
    let upper = encode(true);
    // Forms write a space as a plus.
    [upper.replace("%20", "+"), upper, encode(false)]
}

fn escaped(secret: &str) -> Vec<String> {
    let json = |text: &str| inner(&serde_json::Value::from(text).to_string());
    let once = json(secret);
    vec![
        once.replace('/', "\\/"),
        // JSON inside a string of JSON, as in a tool's arguments.
        json(&once),
        once,
        inner(&format!("{secret:?}")),
    ]
}

/// Without the quotes at both ends.
fn inner(quoted: &str) -> String {
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted).to_owned()
}

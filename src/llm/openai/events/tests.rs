//! The same events, however a server writes them and however they are cut.

use super::*;

/// What comes out for `bytes` in pieces of `size`, the end left out.
fn all(form: Form, bytes: &[u8], size: usize) -> Vec<String> {
    let mut events = Events::new(form);
    let mut out = String::new();
    for piece in bytes.chunks(size) {
        let text = events.push(piece).expect("short lines");
        assert!(text.is_empty() || text.ends_with("\n\n"));
        out.push_str(&text);
    }
    out.push_str(&events.end());
    let mut found: Vec<String> = out
        .split_terminator("\n\n")
        .map(|e| e.strip_prefix("data: ").expect("an event").to_owned())
        .collect();
    assert_eq!(found.pop().as_deref(), Some(r#"{"openpista_eof":true}"#));
    found
}

fn case(text: &str, wanted: &[&str]) {
    for size in 1..=text.len().min(40) {
        assert_eq!(all(Form::Events, text.as_bytes(), size), wanted, "{size} {text:?}");
    }
}

const A: &str = r#"{"a":"안 }{"}"#;
const B: &str = r#"{"b":[1,{"c":"\"data: {\""}]}"#;

#[test]
fn well_formed_streams() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            format!("\u{feff}: hi\n\nevent: x\nid: 7\ndata: {A}\n\n: ping\n\ndata:{B}\n\ndata: [DONE]\n\n");
        case(&text.replace('\n', end), &[A, B, DONE]);
    }
    case(&format!("data: {A}\n\ndata: {B}"), &[A, B]);
}

#[test]
fn events_that_run_into_each_other() {
    case(&format!("data: {A}\ndata: {B}\n\n"), &[A, B]);
    case(&format!("data: {A}{B}\n\n"), &[A, B]);
    case(&format!("data: {A} {B} [DONE]\n"), &[A, B, DONE]);
    case(&format!("data: {A}data: {B}\n\ndata: [DONE]\n\n"), &[A, B, DONE]);
    case(&format!("data: data: {A}\n\n"), &[A]);
    case(&format!("data: {A},\ndata: {B},\n\n"), &[A, B]);
    case(&format!("data: {A}\nevent: x\ndata: [DONE]\n"), &[A, DONE]);
    case(&format!("{A}\n{B}\n"), &[A, B]);
}

#[test]
fn one_value_over_several_lines() {
    case("data: {\"a\":\ndata: 1}\n\n", &[r#"{"a": 1}"#]);
    case("data: {\n  \"a\": 1,\n  \"b\": [\n2]\n}\n\n", &[r#"{   "a": 1,   "b": [ 2] }"#]);
    case("data: {\"a\":\"one\ntwo\tx\"}\n\n", &[r#"{"a":"one\ntwo\tx"}"#]);
    // Cut by somebody who counts bytes.
    case("data: {\"a\":\"on\n\ndata: e\"}\n\n", &[r#"{"a":"one"}"#]);
}

#[test]
fn what_cannot_be_mended_is_told() {
    case("data: {\"a\":\n\ndata: {\"b\":1}\n\n", &[r#"{"openpista_noise":"{\"a\":"}"#, r#"{"b":1}"#]);
    // The error comes before the half of an event that it explains.
    case(
        "data: {\"a\":\"x\ndata: {\"error\":{\"message\":\"m\"}}\n\n",
        &[r#"{"error":{"message":"m"}}"#, r#"{"openpista_noise":"{\"a\":\"x"}"#],
    );
    case(
        "data: ping\n\nBad Gateway\n",
        &[r#"{"openpista_noise":"ping"}"#, r#"{"openpista_noise":"Bad Gateway"}"#],
    );
    assert_eq!(all(Form::Events, b"data: \xff\xfe!\n", 2), ["{\"openpista_noise\":\"\u{fffd}\u{fffd}!\"}"]);
}

#[test]
fn halves_of_pairs_get_a_mark_of_their_own() {
    let marked = answer::half_mark(0xd83d);
    case("data: {\"a\":\"\\ud83d\"}\n\n", &[format!("{{\"a\":\"{marked}\"}}").as_str()]);
    case("data: {\"a\":\"\\ud83d\\ude00\"}\n\n", &[r#"{"a":"\ud83d\ude00"}"#]);
}

#[test]
fn a_document_is_one_event() {
    assert_eq!(all(Form::Json, b"{\n  \"a\": 1\r\n}\n", 3), ["{   \"a\": 1  }"]);
    assert_eq!(all(Form::Json, b"", 3), [""; 0]);
}

#[test]
fn a_long_event_in_many_pieces_is_looked_at_once() {
    let text = format!("data: {{\"a\":\"{}\"}}\n\n", "{x".repeat(2 << 20));
    let found = all(Form::Events, text.as_bytes(), 4 << 10);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len() + "data: \n\n".len(), text.len());
}

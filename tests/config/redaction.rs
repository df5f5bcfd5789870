//! Secrets do not get through the redactor, in whatever form.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use openpista::{
    config::{Environment, Redactor},
    domain::secret::Secret,
};
use serde_json::json;
use std::borrow::Cow;

const KEY: &str = "sk-proj/Ab+c9_\"quoted\"\\~ ü0123456789";

fn knowing(secret: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.add("KEY", &Secret::new(secret));
    redactor
}

#[test]
fn text_without_secrets_is_handed_back() {
    for redactor in [Redactor::default(), knowing(KEY)] {
        assert!(matches!(redactor.redact("nothing to hide"), Cow::Borrowed("nothing to hide")));
    }
}

#[test]
fn exact_values_go_wherever_they_are() {
    let redactor = knowing(KEY);
    assert_eq!(redactor.redact(&format!("a {KEY}{KEY} b")), "a [secret:KEY][secret:KEY] b");
    assert_eq!(
        &*redactor.redact_bytes(&[b"\xff", KEY.as_bytes(), b"\xfe"].concat()),
        b"\xff[secret:KEY]\xfe"
    );
    let clone = redactor.clone();
    redactor.add("LATER", &Secret::new("added afterwards"));
    assert_eq!(clone.redact("added afterwards"), "[secret:LATER]");
    redactor.add("LONGER", &Secret::new("added afterwards, and longer"));
    assert_eq!(redactor.redact("added afterwards, and longer"), "[secret:LONGER]");
}

#[test]
fn encodings_go_as_a_whole() {
    let redactor = knowing(KEY);
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = KEY
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let json_text = json!(KEY).to_string();
    let forms = [
        STANDARD.encode(KEY),
        STANDARD_NO_PAD.encode(KEY),
        URL_SAFE.encode(KEY),
        URL_SAFE_NO_PAD.encode(KEY),
        hex.to_uppercase(),
        hex,
        percent.clone(),
        percent.replace("%20", "+"),
        json_text.trim_matches('"').to_owned(),
        json_text.trim_matches('"').replace('/', "\\/"),
        format!("{KEY:?}").trim_matches('"').to_owned(),
    ];
    for form in forms {
        assert_eq!(redactor.redact(&format!("<{form}>")), "<[secret:KEY]>", "{form}");
    }
    let nested = json!({"arguments": json!({"key": KEY}).to_string()}).to_string();
    assert!(redactor.redact(&nested).contains("[secret:KEY]"), "{nested}");
}

#[test]
fn base64_of_longer_text_is_found_at_every_place() {
    let redactor = knowing("s3cr3t-value-of-length");
    for before in 0..9 {
        for after in 0..4 {
            let text = format!("{}s3cr3t-value-of-length{}", "u".repeat(before), "p".repeat(after));
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let clean = redactor.redact(&encoded).into_owned();
                assert!(clean.contains("[secret:KEY]"), "{before} {after} {encoded}");
                let rest = clean.replace("[secret:KEY]", "");
                // What is left is the text around it and at most the characters that it shares.
                assert!(rest.len() <= (before + after) * 4 / 3 + 8, "{before} {after} {clean}");
            }
        }
    }
}

#[test]
fn encodings_broken_into_lines_are_found() {
    let key: String = (0..164u8).map(|n| char::from(b'A' + n.wrapping_mul(7) % 26)).collect();
    let redactor = knowing(&key);
    let lines = |encoded: &str, width| {
        encoded
            .as_bytes()
            .chunks(width)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect::<Vec<_>>()
    };
    let encoded = STANDARD.encode(&key);
    let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    for broken in [lines(&encoded, 76), lines(&encoded, 64), lines(&hex, 60)] {
        let clean = redactor.redact(&broken.join("\n")).replace("[secret:KEY]", "");
        assert!(clean.trim().len() < 8, "{clean}");
    }
    let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQ\n-----END KEY-----";
    let redactor = knowing(pem);
    assert_eq!(redactor.redact(&pem.replace('\n', "\r\n")), "[secret:KEY]");
    assert_eq!(redactor.redact("2: MIIEvQIBADANBgkqhkiG9w0BAQ"), "2: [secret:KEY]");
    assert_eq!(redactor.redact("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn json_values_are_cleaned_throughout() {
    let mut value = json!({"a": [KEY, 1, {KEY: null}], "b": "plain"});
    knowing(KEY).redact_json(&mut value);
    assert_eq!(value, json!({"a": ["[secret:KEY]", 1, {"[secret:KEY]": null}], "b": "plain"}));
}

#[test]
fn the_environment_tells_which_values_are_secret() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let redactor = Redactor::of(&Environment::from_pairs([
        ("OPENAI_API_KEY", "sk-0123456789"),
        ("DB_PASSWORD_OLD", "correct horse"),
        ("SHORT_KEY", "1234567"),
        ("TLS_KEY", path),
        ("EDITOR", "some-editor"),
    ]));
    let text = format!("sk-0123456789 correct horse 1234567 {path} some-editor");
    assert_eq!(
        redactor.redact(&text),
        format!("[secret:OPENAI_API_KEY] [secret:DB_PASSWORD_OLD] 1234567 {path} some-editor")
    );
    assert_eq!(format!("{redactor:?}"), "Redactor(2 secrets)");
}

#[test]
fn placeholders_are_no_secrets() {
    for word in ["ollama", "LM-Studio", "none", "", "x", "   "] {
        assert!(matches!(knowing(word).redact("ollama LM-Studio none x   "), Cow::Borrowed(_)), "{word}");
    }
    assert_eq!(knowing("hunter2").redact("hunter2"), "[secret:KEY]");
}

#[test]
fn names_cannot_break_what_they_stand_in() {
    let redactor = Redactor::default();
    redactor.add("a\"b\u{1b}[31m/ü", &Secret::new("0123456789"));
    assert_eq!(redactor.redact("0123456789"), "[secret:a_b__31m__]");
}

#[test]
fn secrets_are_found_across_pieces() {
    let redactor = Redactor::default();
    redactor.add("A", &Secret::new("alpha-secret"));
    redactor.add("B", &Secret::new("alpha-secret-longer"));
    let text = "x alpha-secret y alpha-secret-longer alpha-secre alpha-secret";
    let clean = "x [secret:A] y [secret:B] alpha-secre [secret:A]";
    for size in 1..=text.len() {
        let (mut pending, mut out) = (Vec::new(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            pending.extend_from_slice(piece);
            out.extend(redactor.redact_pieces(&mut pending, false));
        }
        out.extend(redactor.redact_pieces(&mut pending, true));
        assert_eq!((String::from_utf8(out).unwrap().as_str(), pending.len()), (clean, 0), "pieces of {size}");
    }
    let mut pending = b"nothing is known".to_vec();
    assert_eq!(Redactor::default().redact_pieces(&mut pending, false), b"nothing is known");
}

//! What a refusal means: try again, try another model, or shorten the conversation.

use super::{
    backend::{AttemptError, FailureKind},
    retry_after,
    words::Words,
};
use regex::Regex;
use std::{sync::LazyLock, time::Duration};

/// Classifies an HTTP error, or an error inside a stream (`status` is what the body tells, if so).
pub(super) fn classify(status: Option<u16>, words: &Words, retry_after: Option<Duration>) -> AttemptError {
    let retry_after = retry_after.or_else(|| retry_after::from_text(words.retry_delay.as_deref()?));
    let status = status.or(words.status);
    let message =
        if words.message.is_empty() { "(no explanation)".to_owned() } else { words.message.clone() };
    let text = format!("{} {message}", words.code).to_lowercase();
    let kind = if is_overflow(status, &text) {
        FailureKind::Overflow { limit: words.window.or_else(|| window(&text)) }
    } else if out_of_credit(status, &text, retry_after) {
        FailureKind::Refused
    } else {
        match status {
            // Nothing says what kind of error it was: the connection was good, so it may pass.
            None => match REFUSALS.iter().any(|word| text.contains(word)) {
                true => FailureKind::Refused,
                false => FailureKind::Transient,
            },
            Some(408 | 409 | 425 | 429 | 500 | 502..=504 | 506..) => FailureKind::Transient,
            Some(_) => FailureKind::Refused,
        }
    };
    AttemptError { kind, status, message, retry_after }
}

const REFUSALS: [&str; 5] =
    ["invalid_api_key", "authentication_error", "permission_error", "model_not_found", "invalid_request"];

fn is_overflow(status: Option<u16>, text: &str) -> bool {
    matches!(status, None | Some(400 | 413 | 422 | 500))
        && (OVERFLOW.iter().any(|phrase| text.contains(phrase)) || status == Some(413))
}

const OVERFLOW: [&str; 14] = [
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "context length exceeded",
    "exceeds the available context",
    "exceeds the context",
    "exceeds the model's context",
    "exceed context limit",
    "context window",
    "prompt is too long",
    "input is too long",
    "prompt too long",
    "input token count",
    "maximum prompt length",
];

fn out_of_credit(status: Option<u16>, text: &str, retry_after: Option<Duration>) -> bool {
    // Some answer plain rate limits with words on quota; a wait told means it will pass.
    status == Some(402)
        || text.contains("insufficient_quota")
        || (matches!(status, None | Some(403 | 429))
            && retry_after.is_none()
            && ["exceeded your current quota", "credit balance", "billing_hard_limit", "out of credits"]
                .iter()
                .any(|phrase| text.contains(phrase)))
}

/// The size of the window, out of the ways in which servers tell it.
fn window(text: &str) -> Option<u32> {
    static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            r"maximum context length (?:is|of) ([\d,_]+)",
            r"context (?:size|length|window)(?: limit)?(?: is| of|:)? ?\(?([\d,_]+)",
            r"tokens? > ([\d,_]+) maximum",
            r"maximum (?:number of tokens allowed|prompt length)(?: is| of|:)? ?\(?([\d,_]+)",
            r"n_ctx\D{0,4}([\d,_]+)",
            r"\blimit:? ([\d,_]+)",
        ]
        .iter()
        .filter_map(|form| Regex::new(form).ok())
        .collect()
    });
    FORMS.iter().find_map(|form| {
        let digits: String =
            form.captures(text)?.get(1)?.as_str().chars().filter(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|n| *n > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> AttemptError {
        classify(Some(status), &Words::of_body(body), None)
    }

    #[test]
    fn overflows_are_seen_with_their_limit() {
        for (status, body, limit) in [
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
                Some(8192),
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"request (5345 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5345,"n_ctx":4096}}"#,
                Some(4096),
            ),
            (
                400,
                r#"{"error":{"message":"the request exceeds the available context size, try increasing it"}}"#,
                None,
            ),
            (
                400,
                r#"{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
                Some(200_000),
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}]"#,
                Some(1_048_576),
            ),
            (
                413,
                r#"{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000","code":"rate_limit_exceeded"}}"#,
                Some(6000),
            ),
            (400, r#"{"message":"This model's maximum context length is 32,768 tokens"}"#, Some(32_768)),
        ] {
            assert_eq!(of(status, body).kind, FailureKind::Overflow { limit }, "{body}");
        }
    }

    #[test]
    fn kinds_by_status_and_words() {
        for (status, body, kind) in [
            (429, r#"{"error":{"message":"Rate limit reached"}}"#, FailureKind::Transient),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#,
                FailureKind::Refused,
            ),
            (
                429,
                r#"[{"error":{"message":"You exceeded your current quota","details":[{"retryDelay":"12s"}]}}]"#,
                FailureKind::Transient,
            ),
            (402, "Payment Required", FailureKind::Refused),
            (401, "no", FailureKind::Refused),
            (403, "no", FailureKind::Refused),
            (404, "no", FailureKind::Refused),
            (400, "no", FailureKind::Refused),
            (500, "no", FailureKind::Transient),
            (501, "no", FailureKind::Refused),
            (503, "overloaded", FailureKind::Transient),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                FailureKind::Transient,
            ),
        ] {
            assert_eq!(of(status, body).kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn the_body_may_tell_the_status() {
        let words = Words::of_body(r#"{"error":{"code":502,"message":"x"}}"#);
        let error = classify(None, &words, None);
        assert_eq!((error.kind, error.status), (FailureKind::Transient, Some(502)));
    }
}

//! Completions in the form in which OpenAI sends them.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a completion says.
pub(super) struct Answer<'a> {
    pub(super) text: &'a str,
    pub(super) calls: &'a [(String, Value)],
    pub(super) finish: Option<&'a str>,
    pub(super) bytes_per_token: usize,
}

/// How many characters one chunk of text has.
const PIECE: usize = 6;

static CALLS: AtomicU64 = AtomicU64::new(1);

impl Answer<'_> {
    /// The events of a stream.
    pub(super) fn events(&self, request: &Value) -> Vec<Vec<u8>> {
        let chunk = |delta: Value, finish: Value| {
            let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
            event(&json!({"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
                "model": request["model"], "system_fingerprint": "fp_fake", "choices": [choice]}))
        };
        let mut events =
            vec![chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
        let letters: Vec<char> = self.text.chars().collect();
        for piece in letters.chunks(PIECE) {
            events.push(chunk(json!({"content": piece.iter().collect::<String>()}), Value::Null));
        }
        for (index, (name, args)) in self.calls.iter().enumerate() {
            let head = json!({"index": index, "id": call_id(), "type": "function",
                "function": {"name": name, "arguments": ""}});
            events.push(chunk(json!({"tool_calls": [head]}), Value::Null));
            let letters: Vec<char> = arguments(args).chars().collect();
            for piece in letters.chunks(PIECE) {
                let text: String = piece.iter().collect();
                let piece = json!({"index": index, "function": {"arguments": text}});
                events.push(chunk(json!({"tool_calls": [piece]}), Value::Null));
            }
        }
        events.push(chunk(json!({}), self.reason().into()));
        if request["stream_options"]["include_usage"] == true {
            events.push(event(
                &json!({"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
                "model": request["model"], "choices": [], "usage": self.usage(request)}),
            ));
        }
        events.push(b"data: [DONE]\n\n".to_vec());
        events
    }

    /// The whole as one document.
    pub(super) fn document(&self, request: &Value) -> Value {
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|(name, args)| {
                json!({"id": call_id(), "type": "function", "function": {"name": name, "arguments": arguments(args)}})
            })
            .collect();
        let mut message = json!({"role": "assistant", "content": self.text, "refusal": null});
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        json!({"id": "chatcmpl-fake", "object": "chat.completion", "created": 1_700_000_000, "model": request["model"],
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.reason()}],
            "usage": self.usage(request)})
    }

    fn reason(&self) -> &str {
        self.finish.unwrap_or(if self.calls.is_empty() { "stop" } else { "tool_calls" })
    }

    fn usage(&self, request: &Value) -> Value {
        let input = request["messages"].to_string().len() / self.bytes_per_token;
        let written: usize = self.calls.iter().map(|(name, args)| name.len() + args.to_string().len()).sum();
        let output = ((self.text.len() + written) / self.bytes_per_token).max(1);
        json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
    }
}

fn event(value: &Value) -> Vec<u8> {
    format!("data: {value}\n\n").into_bytes()
}

/// Strings go as they are, so that a script can send broken arguments.
fn arguments(args: &Value) -> String {
    args.as_str().map_or_else(|| args.to_string(), str::to_owned)
}

fn call_id() -> String {
    format!("call_fake{:015}", CALLS.fetch_add(1, Ordering::SeqCst))
}

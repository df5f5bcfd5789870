//! Asking a model in one line.

use crate::support::fake_openai::FakeOpenAi;
use openpista::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider},
        message::{AssistantMessage, Message},
        tool::{Effect, ToolSpec},
    },
    llm::{
        RetryPolicy, Route, Router, Timeouts,
        openai::{Endpoint, OpenAiProvider},
    },
};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const SYSTEM: &str = "You are a test.";

/// What a call gave.
pub(crate) struct Asked {
    pub(crate) result: Result<ChatResponse, ChatError>,
    pub(crate) deltas: Vec<Delta>,
}

impl Asked {
    pub(crate) fn ok(&self) -> &ChatResponse {
        self.result.as_ref().unwrap_or_else(|e| panic!("no answer: {e}"))
    }

    pub(crate) fn error(&self) -> String {
        self.result.as_ref().expect_err("an error").to_string()
    }

    /// The visible text as a reader of the deltas has it at the end.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for delta in &self.deltas {
            match delta {
                Delta::Text(piece) => text.push_str(piece),
                Delta::Restart { .. } => text.clear(),
                Delta::Reasoning(_) => {}
            }
        }
        text
    }

    pub(crate) fn reasoning(&self) -> String {
        let thoughts = self
            .deltas
            .iter()
            .filter_map(|d| if let Delta::Reasoning(t) = d { Some(t.as_str()) } else { None });
        thoughts.collect()
    }

    pub(crate) fn restarts(&self) -> usize {
        self.deltas.iter().filter(|d| matches!(d, Delta::Restart { .. })).count()
    }

    /// The calls as `name {args}`, or `name !what was sent`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = &self.ok().message.calls;
        calls
            .iter()
            .map(|call| match &call.invalid {
                Some(text) => format!("{} !{text}", call.name),
                None => format!("{} {}", call.name, json!(call.args)),
            })
            .collect()
    }
}

pub(crate) fn map(value: Value) -> JsonMap {
    value.as_object().cloned().expect("an object")
}

pub(crate) fn endpoint(url: &str) -> Endpoint {
    Endpoint { base_url: url.to_owned(), ..Endpoint::default() }
}

/// A provider called `fake`.
pub(crate) fn provider(endpoint: Endpoint) -> OpenAiProvider {
    OpenAiProvider::new("fake", endpoint, Timeouts::default()).expect("a good endpoint")
}

pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() }
}

/// A router with the provider `fake` and the model `m`, which doesn't try again.
pub(crate) fn once(endpoint: Endpoint) -> Router {
    let policy = RetryPolicy { retries: 0, ..quick() };
    Router::new("fake/m", policy).with("fake", Route::new(provider(endpoint)))
}

pub(crate) fn simple(fake: &FakeOpenAi) -> Router {
    once(endpoint(&fake.url()))
}

pub(crate) fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("The tool {name}."),
        parameters: json!({"type": "object", "properties": {
            "path": {"type": "string"}, "argv": {"type": "array", "items": {"type": "string"}},
        }})
        .into(),
        effect: Effect::Read,
    }
}

pub(crate) fn tools() -> Vec<ToolSpec> {
    ["fs.read", "system.run", "weather"].map(tool).into()
}

pub(crate) fn call(name: &str, args: Value) -> ToolCall {
    ToolCall::new(name, map(args))
}

pub(crate) fn assistant(text: &str, calls: &[ToolCall]) -> Message {
    Message::Assistant(AssistantMessage { text: text.into(), calls: calls.to_vec(), ..Default::default() })
}

pub(crate) fn result(call: &ToolCall, content: &str) -> Message {
    Message::Tool(ToolResult::new(call, ToolStatus::Ok, content))
}

/// Asks with these messages and the usual tools.
pub(crate) async fn ask_with(
    llm: &impl LlmProvider,
    model: &str,
    messages: &[Message],
    tools: &[ToolSpec],
) -> Asked {
    let request = ChatRequest { model, system: SYSTEM, messages, tools, max_tokens: None };
    let mut deltas = Vec::new();
    let mut sink = |delta| deltas.push(delta);
    let result = llm.chat(request, &mut sink).await;
    Asked { result, deltas }
}

pub(crate) async fn ask(llm: &impl LlmProvider) -> Asked {
    ask_with(llm, "", &[Message::user("hi")], &tools()).await
}

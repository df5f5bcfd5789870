//! What is known about well-known hosts.

use super::dialect::{Auth, ContentWithCalls, Dialect, IdFormat, MaxTokensField, SchemaFilter};
use serde_json::json;

/// The path under which `host` serves the protocol.
pub(super) fn usual_path(host: &str) -> &'static str {
    match host {
        "api.groq.com" => "/openai/v1",
        "openrouter.ai" => "/api/v1",
        "generativelanguage.googleapis.com" => "/v1beta/openai",
        "api.deepinfra.com" => "/v1/openai",
        "api.fireworks.ai" => "/inference/v1",
        _ if is_azure(host) => "/openai/v1",
        _ => "/v1",
    }
}

/// The dialect of `host`.
pub(super) fn dialect(host: &str) -> Dialect {
    let usual = Dialect::default();
    match host {
        "api.openai.com" => {
            Dialect { max_tokens_field: MaxTokensField::MaxCompletionTokens, text_tool_calls: false, ..usual }
        }
        "openrouter.ai" => {
            let mut extra_body = usual.extra_body.clone();
            extra_body.insert("usage".into(), json!({"include": true}));
            Dialect { replay_reasoning: true, extra_body, ..usual }
        }
        "api.mistral.ai" => Dialect {
            stream_options: false,
            tool_call_id_format: IdFormat::Mistral9,
            assistant_content_with_calls: ContentWithCalls::Empty,
            assistant_after_tool: true,
            ..usual
        },
        "api.groq.com" => Dialect { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..usual },
        "api.deepseek.com" => Dialect { replay_reasoning: true, ..usual },
        "generativelanguage.googleapis.com" => {
            Dialect { schema: SchemaFilter::Gemini, replay_reasoning: true, ..usual }
        }
        "api.anthropic.com" => Dialect { text_tool_calls: false, ..usual },
        _ if is_azure(host) => Dialect {
            max_tokens_field: MaxTokensField::MaxCompletionTokens,
            text_tool_calls: false,
            auth: Auth::ApiKey,
            ..usual
        },
        _ => usual,
    }
}

fn is_azure(host: &str) -> bool {
    host.ends_with(".openai.azure.com") || host.ends_with(".services.ai.azure.com")
}

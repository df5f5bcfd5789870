//! What `GET /v1/models` says.

use serde_json::Value;

/// A model that a server lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::llm) struct Listed {
    /// Its name.
    pub(in crate::llm) id: String,
    /// Its context window, when told.
    pub(in crate::llm) context_window: Option<u32>,
    /// Who the server says owns it, which tells which server it is.
    pub(in crate::llm) owner: String,
}

/// The first model of the list that can chat, or `None` if the answer is no list of models.
pub(in crate::llm) fn choose(answer: &Value) -> Option<Listed> {
    let list = answer.get("data")?.as_array()?;
    list.iter().filter_map(listed).find(|model| can_chat(&model.id))
}

/// All names of the list.
pub(in crate::llm) fn names(answer: &Value) -> Vec<String> {
    let list = answer.get("data").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(listed).map(|model| model.id).collect()
}

fn listed(model: &Value) -> Option<Listed> {
    let id = model.get("id")?.as_str().filter(|id| !id.is_empty())?.to_owned();
    let window =
        ["/meta/n_ctx", "/max_model_len", "/context_length", "/max_context_length", "/meta/n_ctx_train"]
            .iter()
            .find_map(|path| model.pointer(path)?.as_u64().filter(|n| *n > 0));
    Some(Listed {
        id,
        context_window: window.and_then(|n| u32::try_from(n).ok()),
        owner: model.get("owned_by").and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}

fn can_chat(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    !OTHER_KINDS.iter().any(|word| id.contains(word))
}

const OTHER_KINDS: [&str; 16] = [
    "embed",
    "rerank",
    "whisper",
    "bge-",
    "minilm",
    "gte-",
    "e5-",
    "-tts",
    "tts-",
    "dall-e",
    "moderation",
    "clip-",
    "colbert",
    "stable-diffusion",
    "transcribe",
    "davinci",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_that_can_chat() {
        let answer = json!({"object": "list", "data": [
            {"id": "nomic-embed-text:latest", "owned_by": "library"},
            {"id": "bge-reranker-v2"}, {"id": "whisper-large"}, {"nonsense": 1},
            {"id": "qwen3:4b", "owned_by": "library"}, {"id": "llama3.2"},
        ]});
        assert_eq!(choose(&answer).map(|m| m.id), Some("qwen3:4b".to_owned()));
    }

    #[test]
    fn windows_where_told() {
        let llama = json!({"data": [{"id": "m.gguf", "meta": {"n_ctx_train": 131_072, "n_ctx": 4096}}]});
        assert_eq!(choose(&llama).and_then(|m| m.context_window), Some(4096));
        let vllm = json!({"data": [{"id": "m", "max_model_len": 32_768}]});
        assert_eq!(choose(&vllm).and_then(|m| m.context_window), Some(32_768));
    }

    #[test]
    fn other_answers_are_no_list() {
        for answer in [json!({}), json!([]), json!({"data": {}}), json!({"data": []}), json!("x")] {
            assert_eq!(choose(&answer), None);
        }
    }
}

//! Messages that are made of blocks: their text, and the files in it.

use serde_json::Value;

/// How deep blocks and texts may be within each other; what is deeper is passed over.
pub const MAX_RICH_DEPTH: usize = 32;
/// Fields of a block that hold a file.
const FILES: [&str; 7] = ["photo", "animation", "video", "audio", "voice_note", "voice", "document"];

/// The text of a message of blocks, as Markdown.
pub(super) fn text(rich: &Value) -> String {
    blocks(&rich["blocks"], 0)
}

/// The fields of its blocks that hold files, with their names.
pub(super) fn files(rich: &Value) -> Vec<(&'static str, &Value)> {
    let mut found = vec![];
    collect(&rich["blocks"], 0, &mut found);
    found
}

fn collect<'a>(value: &'a Value, depth: usize, found: &mut Vec<(&'static str, &'a Value)>) {
    if depth > MAX_RICH_DEPTH {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|one| collect(one, depth + 1, found)),
        Value::Object(fields) => {
            for (key, field) in fields {
                match FILES.iter().find(|known| **known == key) {
                    Some(known) => found.push((known, field)),
                    None => collect(field, depth + 1, found),
                }
            }
        }
        _ => {}
    }
}

fn blocks(list: &Value, depth: usize) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = list.iter().map(|one| block(one, depth)).filter(|text| !text.trim().is_empty());
    shown.collect::<Vec<_>>().join("\n\n")
}

/// One block. Of a type that is not known everything that is text is told.
fn block(block: &Value, depth: usize) -> String {
    if depth > MAX_RICH_DEPTH {
        return String::new();
    }
    let own = || inline(&block["text"], depth + 1);
    let within = || blocks(&block["blocks"], depth + 1);
    let shown = match block["type"].as_str().unwrap_or_default() {
        "heading" => {
            let size = block["size"].as_u64().unwrap_or(1).clamp(1, 6) as usize;
            format!("{} {}", "#".repeat(size), own())
        }
        "pre" => format!("```{}\n{}\n```", block["language"].as_str().unwrap_or_default(), own()),
        "divider" => "---".into(),
        "anchor" => String::new(),
        "mathematical_expression" => block["expression"].as_str().unwrap_or_default().to_owned(),
        "list" => items(&block["items"], depth + 1),
        "table" => table(&block["cells"], depth + 1),
        "blockquote" | "expandable_blockquote" | "pullquote" => {
            let text = if block["blocks"].is_array() { within() } else { own() };
            text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
        }
        "details" => format!("{}\n{}", inline(&block["summary"], depth + 1), within()),
        _ => [own(), within()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"),
    };
    let below = [&block["caption"], &block["credit"]].map(|value| {
        // A caption is a text, or holds one.
        let text = if value["type"].is_null() && value.is_object() { &value["text"] } else { value };
        inline(text, depth + 1)
    });
    let parts = [shown].into_iter().chain(below).filter(|text| !text.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

fn items(list: &Value, depth: usize) -> String {
    let item = |item: &Value| {
        let label = item["label"].as_str().filter(|label| !label.trim().is_empty()).unwrap_or("-");
        let mark = match (item["has_checkbox"] == true, item["is_checked"] == true) {
            (true, true) => "[x] ",
            (true, false) => "[ ] ",
            _ => "",
        };
        let text = blocks(&item["blocks"], depth + 1).replace('\n', "\n  ");
        format!("{label} {mark}{text}")
    };
    list.as_array().into_iter().flatten().map(item).collect::<Vec<_>>().join("\n")
}

fn table(rows: &Value, depth: usize) -> String {
    let cell = |cell: &Value| inline(&cell["text"], depth + 1);
    let row = |row: &Value| {
        let cells: Vec<String> = row.as_array().into_iter().flatten().map(cell).collect();
        format!("| {} |", cells.join(" | "))
    };
    rows.as_array().into_iter().flatten().map(row).collect::<Vec<_>>().join("\n")
}

/// A text: words, a list of texts, or a text with a look.
fn inline(text: &Value, depth: usize) -> String {
    if depth > MAX_RICH_DEPTH {
        return String::new();
    }
    let inner = || inline(&text["text"], depth + 1);
    match text {
        Value::String(words) => words.clone(),
        Value::Array(list) => list.iter().map(|one| inline(one, depth + 1)).collect(),
        Value::Object(_) => match text["type"].as_str().unwrap_or_default() {
            "url" => {
                let (words, url) = (inner(), text["url"].as_str().unwrap_or_default());
                if words == url || url.is_empty() { words } else { format!("[{words}]({url})") }
            }
            "text_mention" => match text["user"]["id"].as_i64() {
                Some(id) => format!("[{}](tg://user?id={id})", inner()),
                None => inner(),
            },
            "strikethrough" => format!("~~{}~~", inner()),
            "code" => format!("`{}`", inner()),
            "custom_emoji" => text["alternative_text"].as_str().unwrap_or_default().to_owned(),
            "mathematical_expression" => text["expression"].as_str().unwrap_or_default().to_owned(),
            "button" => format!("[{}]", inner()),
            _ => inner(),
        },
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_become_markdown() {
        let paragraph = |text: Value| json!({"type": "paragraph", "text": text});
        let rich = json!({"blocks": [
            {"type": "heading", "size": 2, "text": "Plan"},
            paragraph(json!(["see ", {"type": "url", "text": {"type": "bold", "text": "this"}, "url": "https://e.org"}])),
            {"type": "pre", "language": "rust", "text": "x;"},
            {"type": "list", "items": [
                {"label": "1.", "blocks": [paragraph(json!("one"))]},
                {"label": "", "has_checkbox": true, "is_checked": true, "blocks": [paragraph(json!("two"))]},
            ]},
            {"type": "blockquote", "blocks": [paragraph(json!("said"))], "credit": "Ada"},
            {"type": "table", "cells": [[{"text": "a"}, {"text": "b"}], [{"text": "c"}, {}]], "caption": "t"},
            {"type": "photo", "photo": [{"file_id": "p"}], "caption": {"text": "a cat"}},
            {"type": "of_next_year", "text": "new", "blocks": [paragraph(json!("things"))]},
            {"type": "mathematical_expression", "expression": "x^2"},
        ]});
        assert_eq!(
            text(&rich),
            "## Plan\n\nsee [this](https://e.org)\n\n```rust\nx;\n```\n\n1. one\n- [x] two\n\n> said\nAda\n\n\
             | a | b |\n| c |  |\nt\n\na cat\n\nnew\nthings\n\nx^2"
        );
        let files: Vec<_> = files(&rich).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(files, ["photo"]);
    }

    #[test]
    fn no_depth_and_no_shape_breaks_it() {
        let deep = (0..100).fold(json!("end"), |deep, _| json!([deep]));
        assert_eq!(text(&json!({"blocks": [{"type": "paragraph", "text": deep}]})), "");
        for odd in [json!(null), json!([]), json!({"blocks": {}}), json!({"blocks": [1, null, [], "x"]})] {
            assert_eq!((text(&odd).as_str(), files(&odd).len()), ("", 0));
        }
    }
}

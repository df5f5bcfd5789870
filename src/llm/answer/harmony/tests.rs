//! Channels and recipients, whatever the pieces.

use super::*;

/// Text, thoughts, and calls as `name arguments`.
fn told(text: &str) -> (String, String, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let mut results = (1..20).map(|size| {
        let mut harmony = Harmony::new();
        let mut pieces = Vec::new();
        for piece in chars.chunks(size) {
            harmony.feed(&piece.iter().collect::<String>(), &mut pieces);
        }
        harmony.end(&mut pieces);
        let (mut said, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => said += &text,
                Piece::Thought(text) => thought += &text,
                Piece::Call { name, arguments } => calls.push(format!("{name} {arguments}")),
            }
        }
        (said, thought, calls)
    });
    let first = results.next().expect("a result");
    results.for_each(|other| assert_eq!(other, first, "{text:?}"));
    first
}

fn case(text: &str, said: &str, thought: &str, calls: &[&str]) {
    let calls = calls.iter().map(|call| (*call).to_owned()).collect();
    assert_eq!(told(text), (said.to_owned(), thought.to_owned(), calls), "{text:?}");
}

#[test]
fn channels_are_told_apart() {
    case(
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Four.<|return|>",
        "Four.",
        "Hm.",
        &[],
    );
    case("<|channel|>final<|message|>Four.", "Four.", "", &[]);
    case("<|channel|>commentary<|message|>I will look.<|end|>", "I will look.", "", &[]);
    case("Let me see. <|start|>assistant<|channel|>final<|message|>x", "Let me see. x", "", &[]);
}

#[test]
fn recipients_are_called() {
    let call = ["fs_read {\"path\":\"/a\"}"];
    for text in [
        "<|channel|>commentary to=functions.fs_read <|constrain|>json<|message|>{\"path\":\"/a\"}<|call|>",
        "<|channel|>commentary to=functions.fs_read<|message|>{\"path\":\"/a\"}",
        "<|start|>assistant to=functions.fs_read<|channel|>commentary json<|message|>{\"path\":\"/a\"}<|call|>",
        "<|channel|>commentary to=functions.fs_read <|constrain|>json{\"path\":\"/a\"}<|end|>",
        "commentary to=functions.fs_read json{\"path\":\"/a\"}",
        "assistantcommentary to=functions.fs_read {\"path\":\"/a\"}",
    ] {
        case(text, "", "", &call);
    }
    case(
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.fs_read \
         <|constrain|>json<|message|>{\"path\":\"/a\"}<|call|>",
        "",
        "Hm.",
        &call,
    );
    case(
        "I look.<|channel|>commentary to=functions.fs_read<|message|>{\"path\":\"/a\"}<|call|>",
        "I look.",
        "",
        &call,
    );
}

#[test]
fn without_special_tokens() {
    case("analysisWe need the sum.assistantfinalfour", "four", "We need the sum.", &[]);
    case(
        "analysisHm.assistantcommentary to=functions.fs_read json{\"path\":\"/a\"}",
        "",
        "Hm.",
        &["fs_read {\"path\":\"/a\"}"],
    );
}

#[test]
fn other_text_comes_out_as_it_went_in() {
    for text in [
        "analysis of the data",
        "analysis",
        "analysis를 했다",
        "assistant finally",
        "commentary to the text",
        "a < b <| c",
        "write `<|channel|>` there",
        "an <|im_end|> end",
        "  two blanks",
    ] {
        case(text, text, "", &[]);
    }
}

//! What hooks may say at each point.

use crate::domain::points::Point;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
}

/// A verdict made by a function of the API, by the name that is in it.
pub(super) type Verdict = &'static str;

/// What a hook may return besides nothing.
pub(super) struct Rules {
    /// The field that a bare text stands for.
    pub(super) text: Option<&'static str>,
    /// The fields that may be changed; others of the returned table are not looked at.
    pub(super) fields: &'static [(&'static str, Kind)],
    pub(super) verdicts: &'static [Verdict],
    /// The same in words.
    pub(super) advice: &'static str,
}

/// What hooks at `point` may return.
pub(super) fn of(point: Point) -> Rules {
    use Kind::{Flag, Text};
    const GIVEN: &str = "return the table it was given, or nothing";
    let rules = |text, fields, verdicts, advice| Rules { text, fields, verdicts, advice };
    match point {
        Point::Message => rules(
            None,
            &[("text", Text), ("agent", Text), ("session", Text)],
            &["answer", "drop"],
            "return the table it was given, pista.answer(), pista.drop(), or nothing",
        ),
        Point::Model => rules(Some("model"), &[("model", Text)], &[], "return a model's name, or nothing"),
        Point::Response | Point::Reply => rules(Some("text"), &[("text", Text)], &[], GIVEN),
        Point::Outbound => rules(
            Some("text"),
            &[("text", Text)],
            &["drop"],
            "return the table it was given, pista.drop(), or nothing",
        ),
        Point::ToolResult => rules(Some("content"), &[("content", Text)], &[], GIVEN),
        Point::Finalize => {
            rules(None, &[("retry", Text)], &[], "return { retry = \"a remark\" }, or nothing")
        }
        Point::Approval => rules(
            None,
            &[],
            &["allow", "deny", "ask"],
            "return pista.allow(), pista.deny(), pista.ask(), or nothing",
        ),
        Point::Compaction => rules(
            Some("summary"),
            &[("summary", Text), ("keep", Flag)],
            &[],
            "return { summary = \"…\" }, { keep = true }, or nothing",
        ),
        Point::Cron => {
            rules(None, &[], &["deny"], "return false or pista.deny() to leave a run out, or nothing")
        }
    }
}

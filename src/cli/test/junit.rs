//! Results as JUnit XML, written when all are there.

use super::{Report, name};
use crate::app::specs::{Case, End, Summary};
use std::time::Duration;

pub(super) struct Junit;

impl Report for Junit {
    fn case(&mut self, _: &Case) -> String {
        String::new()
    }

    fn end(&mut self, cases: &[Case], summary: &Summary) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let Summary { passed, failed, skipped } = summary;
        let tests = passed + failed + skipped;
        out += &format!(
            "<testsuites name=\"openpista\" tests=\"{tests}\" failures=\"{failed}\" skipped=\"{skipped}\" time=\"{}\">\n",
            seconds(cases)
        );
        for file in cases.chunk_by(|a, b| a.file == b.file) {
            out += &suite(file);
        }
        out + "</testsuites>\n"
    }
}

fn suite(cases: &[Case]) -> String {
    let count = |wanted: fn(&End) -> bool| cases.iter().filter(|case| wanted(&case.end)).count();
    let file = escaped(&cases[0].file);
    let mut out = format!(
        "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{}\">\n",
        cases.len(),
        count(|end| matches!(end, End::Failed { .. })),
        count(|end| matches!(end, End::Skipped(_))),
        seconds(cases)
    );
    for case in cases {
        let open = format!(
            "    <testcase classname=\"{file}\" name=\"{}\" time=\"{}\"",
            escaped(&name(case)),
            seconds(std::slice::from_ref(case))
        );
        match &case.end {
            End::Passed => out += &format!("{open}/>\n"),
            End::Skipped(why) => {
                out += &format!("{open}><skipped message=\"{}\"/></testcase>\n", escaped(why));
            }
            End::Failed { message, location, expectation } => {
                let first = escaped(message.lines().next().unwrap_or_default());
                let kind = if *expectation { "expectation" } else { "error" };
                out += &format!(
                    "{open}>\n      <failure type=\"{kind}\" message=\"{first}\">{}: {}</failure>\n    </testcase>\n",
                    escaped(location),
                    escaped(message)
                );
            }
        }
    }
    out + "  </testsuite>\n"
}

fn seconds(cases: &[Case]) -> String {
    let all: Duration = cases.iter().map(|case| case.took).sum();
    format!("{:.3}", all.as_secs_f64())
}

/// Text for XML 1.0, which has no place for most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

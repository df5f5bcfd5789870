//! Results for pipes: one line for each spec, as text or as JSON.

use super::{Report, failures, name, time};
use crate::{
    app::specs::{Case, End, Summary},
    front::printable,
};
use serde_json::json;

pub(super) struct Lines;

impl Report for Lines {
    fn case(&mut self, case: &Case) -> String {
        let (word, more) = match &case.end {
            End::Passed => ("ok     ", time(case.took)),
            End::Failed { location, .. } => ("FAILED ", location.clone()),
            End::Skipped(why) => ("skipped", why.clone()),
        };
        let place = if case.names.is_empty() { String::new() } else { format!("{} › ", case.file) };
        printable(&format!("{word} {place}{} ({more})", name(case))) + "\n"
    }

    fn end(&mut self, cases: &[Case], summary: &Summary) -> String {
        let failures = failures(cases, |_, text| text.to_owned());
        let gap = if failures.is_empty() { "" } else { "\n" };
        format!("{failures}{gap}{summary}\n")
    }
}

pub(super) struct Json;

impl Report for Json {
    fn case(&mut self, case: &Case) -> String {
        let mut line = json!({
            "type": "spec",
            "file": case.file,
            "name": case.names,
            "location": case.location,
            "duration_ms": case.took.as_secs_f64() * 1e3,
        });
        match &case.end {
            End::Passed => line["status"] = json!("passed"),
            End::Skipped(why) => {
                line["status"] = json!("skipped");
                line["reason"] = json!(why);
            }
            End::Failed { message, location, expectation } => {
                line["status"] = json!("failed");
                line["failure"] =
                    json!({ "message": message, "location": location, "expectation": expectation });
            }
        }
        if !case.printed.is_empty() {
            line["printed"] = json!(case.printed);
        }
        format!("{line}\n")
    }

    fn end(&mut self, _: &[Case], summary: &Summary) -> String {
        let Summary { passed, failed, skipped } = summary;
        let line = json!({ "type": "summary", "passed": passed, "failed": failed, "skipped": skipped });
        format!("{line}\n")
    }
}

//! Results in the Test Anything Protocol.

use super::{Report, name};
use crate::{
    app::specs::{Case, End, Summary},
    front::printable,
};

#[derive(Default)]
pub(super) struct Tap {
    count: usize,
}

/// A description has one line, and `#` begins a directive.
fn line(text: &str) -> String {
    printable(text).replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}

impl Report for Tap {
    fn begin(&mut self) -> String {
        "TAP version 14\n".into()
    }

    fn case(&mut self, case: &Case) -> String {
        self.count += 1;
        let number = self.count;
        let name = line(&format!("{} › {}", case.file, name(case)));
        match &case.end {
            End::Passed => format!("ok {number} - {name}\n"),
            End::Skipped(why) => format!("ok {number} - {name} # SKIP {}\n", line(why)),
            End::Failed { message, location, .. } => {
                let message: String =
                    printable(message).lines().map(|line| format!("    {line}\n")).collect();
                // JSON texts are YAML texts.
                let at = serde_json::Value::from(location.as_str());
                format!("not ok {number} - {name}\n  ---\n  at: {at}\n  message: |\n{message}  ...\n")
            }
        }
    }

    fn end(&mut self, _: &[Case], _: &Summary) -> String {
        format!("1..{}\n", self.count)
    }
}

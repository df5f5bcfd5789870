//! Results for people: a tree.

use super::{Report, failures, time};
use crate::{
    app::specs::{Case, End, Summary},
    front::{Colour, printable},
};
use std::time::Duration;

/// From when on a time is shown.
const SLOW: Duration = Duration::from_millis(5);

pub(super) struct Tree {
    colour: Colour,
    file: String,
    groups: Vec<String>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { colour: Colour::stdout(), file: String::new(), groups: vec![] }
    }

    /// The lines that lead to a case: its file and groups, as far as they are new.
    fn lead(&mut self, case: &Case) -> String {
        let mut out = String::new();
        if self.file != case.file {
            let gap = if self.file.is_empty() { "" } else { "\n" };
            self.file.clone_from(&case.file);
            self.groups.clear();
            out += &format!("{gap}{}\n", self.colour.paint("1", &printable(&case.file)));
        }
        let groups = case.names.split_last().map_or(&[][..], |(_, groups)| groups);
        let same = groups.iter().zip(&self.groups).take_while(|(a, b)| a == b).count();
        for (depth, group) in groups.iter().enumerate().skip(same) {
            out += &format!("{}{}\n", "  ".repeat(depth + 1), printable(group));
        }
        self.groups = groups.to_vec();
        out
    }
}

impl Report for Tree {
    fn case(&mut self, case: &Case) -> String {
        let mut out = self.lead(case);
        let colour = self.colour;
        let name = printable(case.names.last().map_or("does not load", String::as_str));
        let line = match &case.end {
            End::Passed => format!("{} {name}", colour.paint("32", "✓")),
            End::Failed { .. } => format!("{} {}", colour.paint("31", "✗"), colour.paint("31", &name)),
            End::Skipped(why) => {
                format!("{} {name} {}", colour.paint("33", "○"), colour.paint("2", &format!("({why})")))
            }
        };
        let took = if case.took < SLOW || matches!(case.end, End::Skipped(_)) {
            String::new()
        } else {
            colour.paint("2", &format!(" ({})", time(case.took)))
        };
        out += &format!("{}{line}{took}\n", "  ".repeat(case.names.len().max(1)));
        out
    }

    fn end(&mut self, cases: &[Case], summary: &Summary) -> String {
        let took = cases.iter().map(|case| case.took).sum();
        let style = if summary.failed > 0 { "31" } else { "32" };
        let text = self.colour.paint(style, &summary.to_string());
        let failures = failures(cases, |style, text| self.colour.paint(style, text));
        format!("{failures}\n{text} in {}\n", time(took))
    }
}

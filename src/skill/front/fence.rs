//! Where the front matter of a `SKILL.md` begins and ends.

use super::Remark;

/// A `SKILL.md`, taken apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parts<'t> {
    /// The lines between the fences; `None`: there is no front matter.
    pub(super) front: Option<Block<'t>>,
    /// What follows it.
    pub(super) body: String,
}

/// The lines of the front matter.
#[derive(Debug, PartialEq)]
pub(super) struct Block<'t> {
    pub(super) lines: Vec<&'t str>,
    /// The number of the first one in the file.
    pub(super) first: usize,
    /// TOML (`+++`), not YAML.
    pub(super) toml: bool,
}

/// How front matter is fenced.
#[derive(Clone, Copy, PartialEq)]
enum Fence {
    /// `---`, as the standard has it.
    Plain,
    /// More dashes, or dashes that an editor has made typographic, or a word behind them.
    Odd,
    /// A code block of YAML.
    Code,
    /// `+++`: TOML.
    Toml,
}

impl Fence {
    fn opening(line: &str) -> Option<Self> {
        let line = line.trim();
        let word = line.trim_start_matches('-').trim();
        match line {
            "---" => Some(Self::Plain),
            "+++" => Some(Self::Toml),
            "```yaml" | "```yml" => Some(Self::Code),
            _ if is_rule(line) => Some(Self::Odd),
            _ if line.starts_with("---") && (word == "yaml" || word == "yml") => Some(Self::Odd),
            _ => None,
        }
    }

    fn closes(self, line: &str) -> bool {
        let line = line.trim_end();
        match self {
            Self::Plain | Self::Odd => line == "---" || line == "..." || is_rule(line),
            Self::Code => line == "```",
            Self::Toml => line == "+++",
        }
    }
}

/// Three dashes or more, also typographic ones.
fn is_rule(line: &str) -> bool {
    let dash = |c: char| matches!(c, '-' | '\u{2012}'..='\u{2015}');
    !line.is_empty()
        && line.chars().all(dash)
        && (line.chars().count() >= 3 || line.chars().any(|c| c == '\u{2014}'))
}

/// Takes a file apart. Lines end with `\n` only.
pub(super) fn split<'t>(text: &'t str, remarks: &mut Vec<Remark>) -> Parts<'t> {
    let lines: Vec<&str> = text.lines().collect();
    let begin = first_line(&lines);
    let Some(fence) = lines.get(begin).and_then(|line| Fence::opening(line)) else {
        return Parts { front: None, body: text.trim().to_owned() };
    };
    if fence != Fence::Plain {
        remarks.push(Remark::new(begin + 1, "the front matter stands between two lines of ---"));
    }
    let after = &lines[begin + 1..];
    let (length, skipped) = match after.iter().position(|line| fence.closes(line)) {
        Some(length) => (length, 1),
        None => {
            remarks.push(Remark::new(
                begin + 1,
                "the front matter is not closed: a line with --- is missing; it is taken to end at the first empty \
                 line or heading",
            ));
            let ends = |line: &&str| line.trim().is_empty() || line.starts_with("# ");
            (after.iter().position(ends).unwrap_or(after.len()), 0)
        }
    };
    let body = after.get(length + skipped..).unwrap_or_default().join("\n");
    let block = Block { lines: after[..length].to_vec(), first: begin + 2, toml: fence == Fence::Toml };
    Parts { front: Some(block), body: body.trim().to_owned() }
}

/// The first line that is neither empty nor part of a comment before the front matter.
fn first_line(lines: &[&str]) -> usize {
    let empty = |from: usize| from + lines[from..].iter().take_while(|line| line.trim().is_empty()).count();
    let begin = empty(0);
    if lines.get(begin).is_some_and(|line| line.trim_start().starts_with("<!--"))
        && let Some(end) = lines[begin..].iter().position(|line| line.trim_end().ends_with("-->"))
    {
        let behind = empty(begin + end + 1);
        if lines.get(behind).is_some_and(|line| Fence::opening(line).is_some()) {
            return behind;
        }
    }
    begin
}

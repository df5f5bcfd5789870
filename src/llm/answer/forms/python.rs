//! Calls as Python writes them: `[f(a=1), g(b="x")]`, `f(a=1)` on lines of their own, `print(f(a=1))`.

use super::{Declared, Written, is_name, loose::Reader};

pub(super) fn calls(text: &str, declared: &Declared<'_>) -> Vec<Written> {
    read(text, declared).unwrap_or_default()
}

/// `None` where anything else stands among the calls.
fn read(text: &str, declared: &Declared<'_>) -> Option<Vec<Written>> {
    let mut reader = Reader::new(text.trim().trim_end_matches('`'));
    let in_list = reader.takes("[");
    let mut found = Vec::new();
    while !(reader.at_end() || in_list && reader.takes("]")) {
        let mut name = reader.word()?;
        let printed = name == "print" && !declared.offers(name);
        if printed {
            reader.takes("(").then_some(())?;
            name = reader.word()?;
        }
        if !is_name(name) || !reader.takes("(") {
            return None;
        }
        let args = reader.named()?;
        found.push(Written { name: name.to_owned(), args: Ok(args) });
        if printed {
            reader.takes(")").then_some(())?;
        }
        reader.takes(",");
        reader.takes(";");
    }
    reader.at_end().then_some(found)
}

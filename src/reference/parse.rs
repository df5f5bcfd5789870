//! Reading type files: blocks of `---` lines, and the declaration below each.
//!
//! Only the forms that the files use are read; a test compares what was read with what there is.

/// All that the files declare, in their order.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// The tables: `pista`, `pista.log`.
    pub modules: Vec<Module>,
    /// The functions.
    pub functions: Vec<Function>,
    /// What is no function: `pista.version`.
    pub members: Vec<Member>,
    /// The types of tables that are given and returned.
    pub classes: Vec<Class>,
    /// The types with a name of their own.
    pub aliases: Vec<Alias>,
}

/// What every declaration has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// In full: `pista.log.info`.
    pub name: String,
    /// What it is for, a line each; examples are indented by four spaces.
    pub doc: Vec<String>,
}

/// A table with functions.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its name and what it is for.
    pub entry: Entry,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name and what it is for.
    pub entry: Entry,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Vec<Return>,
    /// Other ways to call it, as types.
    pub overloads: Vec<String>,
}

/// What a function takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it can be left out.
    pub optional: bool,
    /// Its type.
    pub kind: String,
    /// What it is.
    pub text: String,
}

/// What a function returns: a type and, perhaps, a name and what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Return {
    /// Its type.
    pub kind: String,
    /// What it is.
    pub text: String,
}

/// A value.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Its name and what it is for.
    pub entry: Entry,
    /// Its type.
    pub kind: String,
}

/// The type of a table.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// Its name and what it is for.
    pub entry: Entry,
    /// The class whose fields it has as well.
    pub parent: Option<String>,
    /// Its own fields.
    pub fields: Vec<Field>,
}

/// A field of a table.
pub type Field = Parameter;

/// A type with a name of its own.
#[derive(Clone, Debug, Default)]
pub struct Alias {
    /// Its name and what it is for.
    pub entry: Entry,
    /// What it stands for, one of these.
    pub choices: Vec<String>,
}

impl Reference {
    /// Reads files.
    pub fn read(files: &[(&str, &str)]) -> Self {
        let mut reference = Self::default();
        for (_, text) in files {
            let mut block: Vec<&str> = vec![];
            // The last line has nothing below it.
            for line in text.lines().chain([""]) {
                match line.strip_prefix("---") {
                    Some(comment) => {
                        // Types can follow one another without a gap.
                        if names_type(comment) && block.iter().any(|above| names_type(above)) {
                            reference.declare(&std::mem::take(&mut block), "");
                        }
                        block.push(comment);
                    }
                    None => reference.declare(&std::mem::take(&mut block), line),
                }
            }
        }
        reference
    }

    fn declare(&mut self, block: &[&str], line: &str) {
        let mut doc = vec![];
        let mut tags = vec![];
        for comment in block {
            match comment.strip_prefix('@') {
                Some(tag) => tags.push(tag.split_once(' ').unwrap_or((tag, ""))),
                None => match comment.strip_prefix("| ") {
                    Some(choice) => tags.push(("|", choice)),
                    None => doc.push((*comment).to_owned()),
                },
            }
        }
        if tags.iter().any(|(tag, _)| *tag == "meta") {
            return;
        }
        let all = |wanted: &str| {
            let wanted = wanted.to_owned();
            tags.iter().filter(move |(tag, _)| *tag == wanted).map(|(_, rest)| *rest)
        };
        let entry = |name: &str| Entry { name: name.to_owned(), doc: doc.clone() };
        if let Some((name, _)) = line.strip_prefix("function ").and_then(|rest| rest.split_once('(')) {
            self.functions.push(Function {
                entry: entry(name),
                parameters: all("param").map(parameter).collect(),
                returns: all("return").map(returned).collect(),
                overloads: all("overload").map(str::to_owned).collect(),
            });
        } else if let Some(name) = line.strip_suffix(" = {}") {
            self.modules.push(Module { entry: entry(name) });
        } else if let Some((name, _)) = line.split_once(" = ") {
            let kind = all("type").next().unwrap_or("any").to_owned();
            self.members.push(Member { entry: entry(name), kind });
        } else if let Some(class) = all("class").next() {
            let (name, rest) = class.split_once([':', ' ']).unwrap_or((class, ""));
            let extends = class[name.len()..].starts_with(':');
            let (parent, words) = if extends { kind_and_text(rest.trim()) } else { ("", rest) };
            let mut entry = entry(name);
            if !words.is_empty() {
                entry.doc.insert(0, words.to_owned());
            }
            let parent = Some(parent.to_owned()).filter(|parent| !parent.is_empty());
            let fields = all("field").map(parameter).collect();
            self.classes.push(Class { entry, parent, fields });
        } else if let Some(alias) = all("alias").next() {
            let (name, kind) = alias.split_once(' ').unwrap_or((alias, ""));
            let mut choices: Vec<String> =
                kind_and_text(kind).0.split_terminator('|').map(str::to_owned).collect();
            // What stands in braces or brackets is one choice.
            if kind.contains(['{', '(', '<']) {
                choices = vec![kind_and_text(kind).0.to_owned()];
            }
            choices
                .extend(all("|").map(|choice| choice.split(" #").next().unwrap_or(choice).trim().to_owned()));
            self.aliases.push(Alias { entry: entry(name), choices });
        }
    }

    /// The fields of a class, those of its parents first.
    pub fn fields(&self, class: &str) -> Option<Vec<&Field>> {
        let class = self.classes.iter().find(|known| known.entry.name == class)?;
        let mut fields = class.parent.as_deref().and_then(|parent| self.fields(parent)).unwrap_or_default();
        fields.extend(&class.fields);
        Some(fields)
    }
}

fn names_type(comment: &str) -> bool {
    comment.starts_with("@alias ") || comment.starts_with("@class ")
}

/// `name? type what it is`.
fn parameter(text: &str) -> Parameter {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, text) = kind_and_text(rest);
    Parameter {
        name: name.trim_end_matches('?').to_owned(),
        optional: name.ends_with('?'),
        kind: kind.to_owned(),
        text: text.to_owned(),
    }
}

fn returned(text: &str) -> Return {
    let (kind, text) = kind_and_text(text);
    Return { kind: kind.to_owned(), text: text.to_owned() }
}

/// A type, which may have spaces within brackets, after a comma or colon and around `|`; and what
/// follows it.
fn kind_and_text(text: &str) -> (&str, &str) {
    let (mut depth, mut quoted) = (0, false);
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '(' | '<' | '[' => depth += 1,
            '}' | ')' | '>' | ']' => depth -= 1,
            ' ' if depth == 0 && !matches!(bytes.get(at.wrapping_sub(1)), Some(b':' | b',' | b'|')) => {
                return (&text[..at], text[at + 1..].trim());
            }
            _ => {}
        }
    }
    (text, "")
}

/// The keys of a type written in place: `{ agent?: string, model?: string }`.
pub(super) fn inline_fields(kind: &str) -> Option<Vec<Field>> {
    let inner = kind.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut fields = vec![];
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' | '(' | '<' | '[' => depth += 1,
            '}' | ')' | '>' | ']' => depth -= 1,
            ',' if depth == 0 => {
                let field = inner[begin..at].trim();
                begin = at + 1;
                if let Some((name, kind)) = field.split_once(':') {
                    fields.push(parameter(&format!("{} {}", name.trim(), kind.trim())));
                }
            }
            _ => {}
        }
    }
    Some(fields)
}

impl Parameter {
    /// The fields of the table that this is, when its type tells them.
    pub fn fields(&self, reference: &Reference) -> Option<Vec<Self>> {
        let kind = self.kind.trim_end_matches('?');
        let fields = match reference.fields(kind) {
            Some(fields) => fields.into_iter().cloned().collect(),
            None => inline_fields(kind)?,
        };
        // What has none that are told is no table to look into, such as a secret.
        (!fields.is_empty()).then_some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_end_where_the_words_begin() {
        for (text, kind, words) in [
            ("string", "string", ""),
            ("string Its name.", "string", "Its name."),
            (
                "{ a?: string, b: fun(x: integer): table } All of it.",
                "{ a?: string, b: fun(x: integer): table }",
                "All of it.",
            ),
            ("fun(a: string): string? Called.", "fun(a: string): string?", "Called."),
            ("\"a b\"|\"c\" One.", "\"a b\"|\"c\"", "One."),
        ] {
            assert_eq!(kind_and_text(text), (kind, words));
        }
    }

    #[test]
    fn blocks_belong_to_what_is_below_them() {
        let text = "---@meta x\n\n---All.\n---@class pista\npista = {}\n\n---Does.\n---\n---    example()\n---@param a? string A.\n---@return integer n\nfunction pista.f(a) end\n\n---@class pista.O: pista.P\n---@field k? { z: integer }\n\n---@class pista.P What it is.\n---@field p string\n\n---@alias pista.D string\n---@alias pista.E\n---| \"x\"\n---| \"y\" # why\n";
        let read = Reference::read(&[("x", text)]);
        assert_eq!(read.modules[0].entry.doc, ["All."]);
        let f = &read.functions[0];
        assert_eq!((f.entry.name.as_str(), f.entry.doc.len()), ("pista.f", 3));
        assert!(f.parameters[0].optional && f.returns[0].kind == "integer");
        let fields = read.fields("pista.O").unwrap();
        assert_eq!(fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["p", "k"]);
        assert_eq!(fields[1].fields(&read).unwrap()[0].name, "z");
        assert_eq!(read.classes[1].entry.doc, ["What it is."]);
        assert_eq!(read.aliases[0].entry.name, "pista.D");
        assert_eq!(read.aliases[1].choices, ["\"x\"", "\"y\""]);
    }
}

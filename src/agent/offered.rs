//! Which tools are offered, and how much is said of them, where the model's window is small.

use crate::domain::{JsonMap, tool::ToolSpec};
use serde_json::Value;

/// Characters that are left of a tool's description.
const SHORT_DESCRIPTION: usize = 80;

/// Keys of a schema that can be left out.
const DISPENSABLE: [&str; 5] = ["description", "default", "title", "examples", "$schema"];

/// The tool that reads what was too long to be shown.
const READER: &str = "fs.read";

/// How much of the tools is offered; each leaves out more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// All, with all that is said of them.
    #[default]
    Whole,
    /// All, in short.
    Short,
    /// Those in use, and the one that reads files, in short.
    Few,
    /// None.
    Nothing,
}

impl Extent {
    /// The one that leaves out more.
    pub(super) fn less(self) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Short),
            Self::Short => Some(Self::Few),
            Self::Few => Some(Self::Nothing),
            Self::Nothing => None,
        }
    }

    /// The part of `tools` that is offered. `in_use` tells which of them the model works with now.
    pub(super) fn of(self, tools: &[ToolSpec], in_use: &dyn Fn(&str) -> bool) -> Vec<ToolSpec> {
        match self {
            Self::Whole => tools.to_vec(),
            Self::Short => tools.iter().map(short).collect(),
            Self::Few => {
                let kept = tools.iter().filter(|tool| tool.name == READER || in_use(&tool.name));
                kept.map(short).collect()
            }
            Self::Nothing => Vec::new(),
        }
    }
}

fn short(tool: &ToolSpec) -> ToolSpec {
    let sentence = tool.description.split_once(". ").map_or(&*tool.description, |(first, _)| first);
    ToolSpec {
        description: crate::domain::cut::title(sentence, SHORT_DESCRIPTION),
        parameters: bare(&tool.parameters).into(),
        ..tool.clone()
    }
}

/// A schema without what only explains it.
fn bare(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !DISPENSABLE.contains(&&***key));
            kept.map(|(key, value)| (key.clone(), inner(key, value))).collect::<JsonMap>().into()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

/// The names of properties are no keywords, and may be called like one.
fn inner(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(properties) if key == "properties" => {
            properties.iter().map(|(name, schema)| (name.clone(), bare(schema))).collect::<JsonMap>().into()
        }
        value if matches!(key, "enum" | "required" | "const") => value.clone(),
        value => bare(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::Effect;
    use serde_json::json;

    fn tool(name: &str) -> ToolSpec {
        ToolSpec {
            name: name.to_owned(),
            description: format!("Does it. {}", "More of it. ".repeat(20)),
            parameters: json!({"type": "object", "required": ["description"], "properties": {
                "description": {"type": "string", "description": "Long words.", "default": "x"},
                "how": {"type": "string", "enum": ["description", "title"]},
            }})
            .into(),
            effect: Effect::Read,
        }
    }

    #[test]
    fn each_extent_leaves_out_more() {
        let tools = ["fs.read", "fs.write", "system.run"].map(tool);
        let names = |extent: Extent| {
            let offered = extent.of(&tools, &|name| name == "system.run");
            offered.into_iter().map(|tool| tool.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Extent::Whole).len(), 3);
        assert_eq!(names(Extent::Short).len(), 3);
        assert_eq!(names(Extent::Few), ["fs.read", "system.run"]);
        assert_eq!(names(Extent::Nothing), [""; 0]);
        let short = &Extent::Short.of(&tools, &|_| false)[0];
        assert_eq!(short.description, "Does it");
        assert_eq!(
            *short.parameters,
            json!({"type": "object", "required": ["description"], "properties": {
                "description": {"type": "string"}, "how": {"type": "string", "enum": ["description", "title"]},
            }})
        );
    }
}

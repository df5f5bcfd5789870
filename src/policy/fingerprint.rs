//! What a standing approval is bound to.

use crate::domain::call::ToolCall;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt::Write, os::unix::ffi::OsStrExt, path::Path};

/// SHA-256, in hex, over the name and the arguments of a call: what an answer to a question is bound to.
pub fn call_print(call: &ToolCall) -> String {
    hex(&[call.name.as_bytes(), canonical(call).as_bytes()])
}

/// SHA-256, in hex, over agent, workspace, tool name and arguments. Each part is preceded by its
/// length, so that no two different calls are the same bytes.
pub(super) fn fingerprint(agent: &str, workspace: &Path, call: &ToolCall) -> String {
    let args = canonical(call);
    hex(&[agent.as_bytes(), workspace.as_os_str().as_bytes(), call.name.as_bytes(), args.as_bytes()])
}

fn hex(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The arguments as JSON without spaces, the fields of every object in order.
pub(super) fn canonical(call: &ToolCall) -> String {
    sorted(Value::Object(call.args.clone())).to_string()
}

/// The map type keeps its fields in order, unless a dependency switches that off: not left to luck.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn print(agent: &str, workspace: &str, tool: &str, args: Value) -> String {
        let Value::Object(args) = args else { panic!("an object") };
        fingerprint(agent, Path::new(workspace), &ToolCall::new(tool, args))
    }

    #[test]
    fn is_the_same_for_the_same_call_alone() {
        let base = print("main", "/w", "system.run", json!({"argv": ["ls"], "timeout": 5}));
        assert_eq!(base.len(), 64);
        assert_eq!(base, print("main", "/w", "system.run", json!({"timeout": 5, "argv": ["ls"]})));
        for other in [
            print("main2", "/w", "system.run", json!({"argv": ["ls"], "timeout": 5})),
            print("main", "/w2", "system.run", json!({"argv": ["ls"], "timeout": 5})),
            print("main", "/w", "system.runs", json!({"argv": ["ls"], "timeout": 5})),
            print("main", "/w", "system.run", json!({"argv": ["ls"], "timeout": 6})),
            print("main", "/w", "system.run", json!({"argv": ["ls", ""], "timeout": 5})),
            print("main", "/w", "system.run", json!({"argv": ["ls"], "timeout": "5"})),
            print("main/w", "", "system.run", json!({"argv": ["ls"], "timeout": 5})),
        ] {
            assert_ne!(base, other);
        }
    }
}

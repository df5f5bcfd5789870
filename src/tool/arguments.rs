//! Reading arguments into a type.

use crate::domain::{JsonMap, arguments::whole};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads the arguments into a type. Call after
/// [`check`](crate::domain::arguments::check), which has the better errors.
pub(super) fn parse<T: DeserializeOwned>(args: &JsonMap) -> Result<T, String> {
    let given = args.iter().filter(|(_, value)| !value.is_null());
    let args = given.map(|(name, value)| (name.clone(), whole(value))).collect();
    serde_json::from_value(Value::Object(args)).map_err(|e| format!("wrong arguments: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_and_whole_floats_are_read() {
        #[derive(serde::Deserialize, PartialEq, Debug)]
        #[serde(deny_unknown_fields)]
        struct Args {
            limit: Option<u64>,
            path: Option<String>,
        }
        let args = json!({"limit": 10.0, "path": null});
        assert_eq!(parse(args.as_object().unwrap()), Ok(Args { limit: Some(10), path: None }));
        assert!(parse::<Args>(json!({"x": 1}).as_object().unwrap()).unwrap_err().contains("`x`"));
    }
}

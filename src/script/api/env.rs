//! `pista.env(name[, default])`: environment variables that are no secrets.

use super::{
    super::{
        errors::ScriptError,
        fields::article,
        state::{caller, misuse},
    },
    Api,
};
use mlua::{Lua, Value};

/// Words of a name, between underscores, that tell that the value is a secret.
const SECRET_WORDS: &[&str] =
    &["KEY", "TOKEN", "SECRET", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "APIKEY"];
/// Parts of a name that tell the same.
const SECRET_PARTS: &[&str] = &["PASSWORD", "SECRET"];

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("env", env)
}

fn env(lua: &Lua, (name, default): (Value, Value)) -> Result<Value, ScriptError> {
    let Value::String(name) = &name else {
        let message = format!("pista.env: the first argument is a variable's name, not {}", article(&name));
        return Err(misuse(caller(lua), message));
    };
    let name = name.to_string_lossy();
    if is_secret(&name) {
        let message =
            format!("pista.env: {name} looks like a secret; name it with pista.secret(\"env:{name}\")");
        return Err(misuse(caller(lua), message));
    }
    // A name that cannot be one of a variable is one that isn't set.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Ok(default);
    }
    match std::env::var_os(&name) {
        Some(value) => Ok(Value::String(lua.create_string(value.as_encoded_bytes())?)),
        None => Ok(default),
    }
}

/// Whether a variable's name says that it holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.split('_').any(|word| SECRET_WORDS.contains(&word))
        || SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_of_secrets_are_known() {
        for name in [
            "OPENAI_API_KEY",
            "github_token",
            "X_SECRET",
            "PGPASSWORD",
            "MY_PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["HOME", "PATH", "KEYBOARD", "LANG", "TOKENIZERS", "EDITOR"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}

//! The table of all settings.

use super::{Dirs, Kind};
use serde_json::{Value, json};

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in `config.toml` and `pista.setup`.
    pub name: &'static str,
    /// What values it can have.
    pub kind: Kind,
    /// Its value when none is given; `null` for none.
    pub default: fn(&Dirs) -> Value,
    /// Its environment variable.
    pub env: &'static str,
    /// An older name of the variable, used when `env` is unset.
    pub env_older: Option<&'static str>,
    /// What it does, for a person.
    pub doc: &'static str,
    /// A value to show where there is no default; empty where there is one.
    pub example: &'static str,
}

impl Key {
    /// The setting of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    const fn new(
        name: &'static str,
        kind: Kind,
        default: fn(&Dirs) -> Value,
        env: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, default, env, env_older: None, doc, example: "" }
    }

    /// A setting without a default.
    const fn open(
        name: &'static str,
        kind: Kind,
        env: &'static str,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, default: |_| Value::Null, env, env_older: None, doc, example }
    }

    const fn older(mut self, env: &'static str) -> Self {
        self.env_older = Some(env);
        self
    }
}

const COUNT: Kind = Kind::Integer { min: 1, max: u32::MAX as i64 };
const WAIT: Kind = Kind::Seconds { min: 0.01, max: 3600.0 };
const LONG_WAIT: Kind = Kind::Seconds { min: 0.01, max: 86_400.0 };

/// Every setting there is, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    Key::open(
        "model",
        Kind::Text,
        "OPENPISTA_MODEL",
        "openai/gpt-5-mini",
        "The model that answers: provider/model, or a bare model name. Without one, a key in the environment or a \
         local server decides; else the built-in demo answers.",
    ),
    Key::new(
        "agent",
        Kind::Text,
        |_| json!("main"),
        "OPENPISTA_AGENT",
        "The agent that answers when none is named.",
    ),
    Key::open(
        "base_url",
        Kind::Url,
        "OPENPISTA_BASE_URL",
        "http://127.0.0.1:8080/v1",
        "A server that speaks the OpenAI chat completions protocol.",
    ),
    Key::open(
        "api_key",
        Kind::Secret,
        "OPENPISTA_API_KEY",
        "env:OPENAI_API_KEY",
        "Where the key for base_url is kept: env:NAME, file:PATH or cmd:COMMAND. Never the key itself; only the \
         environment variable may hold that.",
    ),
    Key::open(
        "context_window",
        Kind::Integer { min: 512, max: u32::MAX as i64 },
        "OPENPISTA_CONTEXT_WINDOW",
        "32768",
        "The model's context window in tokens. Without it: what the server says.",
    ),
    Key::open(
        "max_tokens",
        COUNT,
        "OPENPISTA_MAX_TOKENS",
        "4096",
        "At most so many tokens in one answer. Without it: the server's own limit.",
    ),
    Key::new(
        "max_tool_rounds",
        Kind::Integer { min: 1, max: 10_000 },
        |_| json!(10),
        "OPENPISTA_MAX_TOOL_ROUNDS",
        "Rounds of tool calls in one turn. After the last one the model is asked once to sum up.",
    ),
    Key::open(
        "workspace",
        Kind::Path,
        "OPENPISTA_WORKSPACE",
        "~/work",
        "The directory that tools work in. Without it: the current directory, and for `openpista start` \
         $XDG_DATA_HOME/openpista/workspace.",
    )
    .older("OPENPISTACRAB_WORKSPACE"),
    Key::new(
        "database",
        Kind::Path,
        |dirs| under(dirs, "openpista.db"),
        "OPENPISTA_DATABASE",
        "The file that conversations are kept in.",
    ),
    Key::open(
        "keep_sessions_days",
        Kind::Integer { min: 1, max: 36_500 },
        "OPENPISTA_KEEP_SESSIONS_DAYS",
        "90",
        "Days without a word after which a conversation without a name is removed for good, by a program that stays. \
         Without it: never. `openpista sessions prune` does it once.",
    ),
    Key::new(
        "history",
        Kind::Path,
        |dirs| under(dirs, "history"),
        "OPENPISTA_HISTORY",
        "The file that lines typed in the REPL are kept in.",
    ),
    Key::new(
        "autonomy",
        Kind::Choice(&["ask", "auto"]),
        |_| json!("ask"),
        "OPENPISTA_AUTONOMY",
        "What happens to a tool call that the rules ask about: a person is asked, or it runs.",
    ),
    Key::new(
        "tool_timeout",
        LONG_WAIT,
        |_| json!(30),
        "OPENPISTA_TOOL_TIMEOUT",
        "Seconds that a tool call may take when it does not say.",
    ),
    Key::new(
        "max_tool_timeout",
        LONG_WAIT,
        |_| json!(600),
        "OPENPISTA_MAX_TOOL_TIMEOUT",
        "Seconds that a tool call may ask for at most.",
    ),
    Key::new(
        "tool_output_chars",
        Kind::Integer { min: 200, max: 10_000_000 },
        |_| json!(10_000),
        "OPENPISTA_TOOL_OUTPUT_CHARS",
        "Characters of a tool's output that the model gets. The rest is kept in a file.",
    ),
    Key::new(
        "spill_bytes",
        Kind::Integer { min: 0, max: i64::MAX },
        |_| json!(64 * 1024 * 1024),
        "OPENPISTA_SPILL_BYTES",
        "Bytes of one tool's output that are kept in a file at most.",
    ),
    Key::new(
        "pass_env",
        Kind::Names,
        |_| json!([]),
        "OPENPISTA_PASS_ENV",
        "Environment variables that commands get besides the harmless ones. Secrets named here reach them.",
    ),
    Key::new(
        "unprotected",
        Kind::Files,
        |_| json!([]),
        "OPENPISTA_UNPROTECTED",
        "Names of files and directories that file tools may touch although such names usually hold secrets, such as .env.",
    ),
    Key::new(
        "http_allow",
        Kind::Addresses,
        |_| json!([]),
        "OPENPISTA_HTTP_ALLOW",
        "Addresses and servers that http.get and pista.http may ask although they are not on the public internet, \
         such as 192.168.1.0/24 or nas.local:8080.",
    ),
    Key::open(
        "worker_binary",
        Kind::Path,
        "OPENPISTA_WORKER_BINARY",
        "/opt/openpista-static",
        "The openpista that workers run in their containers. Without it: this one, with the libraries that it needs.",
    ),
    Key::new(
        "rates",
        Kind::Rates,
        |_| json!({ "per_minute": 60, "burst": 60, "channel_per_minute": 600, "channel_burst": 600 }),
        "OPENPISTA_RATES",
        "How often people may speak by channels: messages of a person (or of a device) in a minute and at once, and of a \
         whole channel. What is left out follows from per_minute. false: as often as they like.",
    ),
    Key::new(
        "connect_timeout",
        WAIT,
        |_| json!(10),
        "OPENPISTA_CONNECT_TIMEOUT",
        "Seconds to wait for a connection to a model's server.",
    ),
    Key::new(
        "first_token_timeout",
        LONG_WAIT,
        |_| json!(120),
        "OPENPISTA_FIRST_TOKEN_TIMEOUT",
        "Seconds to wait for the first piece of an answer.",
    ),
    Key::new(
        "local_first_token_timeout",
        LONG_WAIT,
        |_| json!(300),
        "OPENPISTA_LOCAL_FIRST_TOKEN_TIMEOUT",
        "The same for a server on this machine, which may load the model first, or answer one question after the \
         other. Without it: first_token_timeout where that is set.",
    ),
    Key::new(
        "idle_timeout",
        LONG_WAIT,
        |_| json!(120),
        "OPENPISTA_IDLE_TIMEOUT",
        "Seconds to wait for the next piece of an answer.",
    ),
    Key::new(
        "retries",
        Kind::Integer { min: 0, max: 100 },
        |_| json!(2),
        "OPENPISTA_RETRIES",
        "How often a failed call is made again to the same model before the next one of the chain is tried.",
    ),
    Key::new(
        "max_retry_wait",
        Kind::Seconds { min: 0.0, max: 3600.0 },
        |_| json!(30),
        "OPENPISTA_MAX_RETRY_WAIT",
        "Seconds to wait between two tries at most. A server that asks for more counts as failed.",
    ),
    Key::new(
        "local_servers",
        Kind::Urls,
        |_| {
            json!([
                "http://127.0.0.1:11434/v1",
                "http://127.0.0.1:8080/v1",
                "http://127.0.0.1:1234/v1",
                "http://127.0.0.1:8000/v1"
            ])
        },
        "OPENPISTA_LOCAL_SERVERS",
        "Where local servers are looked for when no model is set: the usual ports of Ollama, llama.cpp, LM Studio \
         and vLLM. An empty list looks nowhere.",
    ),
    Key::new(
        "local_server_timeout",
        Kind::Seconds { min: 0.01, max: 60.0 },
        |_| json!(0.3),
        "OPENPISTA_LOCAL_SERVER_TIMEOUT",
        "Seconds to wait for each of them.",
    ),
    Key::new(
        "hook_timeout",
        WAIT,
        |_| json!(1),
        "OPENPISTA_HOOK_TIMEOUT",
        "Seconds that a hook in init.lua may take. A tool_call hook that is late denies the call.",
    ),
    Key::new(
        "observer_timeout",
        WAIT,
        |_| json!(5),
        "OPENPISTA_OBSERVER_TIMEOUT",
        "Seconds that an observer (pista.on) may take.",
    ),
    Key::new(
        "lua_memory_mb",
        Kind::Integer { min: 4, max: 65_536 },
        |_| json!(64),
        "OPENPISTA_LUA_MEMORY_MB",
        "Mebibytes of memory that init.lua may use.",
    ),
    Key::new(
        "reload",
        Kind::Switches(&["require_tests"]),
        |_| json!({ "require_tests": false }),
        "OPENPISTA_RELOAD",
        "What a reload has to pass. require_tests: the specs beside init.lua (see openpista test); while one fails, \
         the configuration in force stays.",
    ),
    Key::new(
        "listen",
        Kind::Listen,
        |_| json!("127.0.0.1:4433"),
        "OPENPISTA_LISTEN",
        "Where openpista start listens for devices (QUIC, so UDP); port 0 finds a free one. false: for nobody but the \
         commands of this user on this machine.",
    ),
    Key::new(
        "log",
        Kind::Log,
        |_| json!("warn"),
        "OPENPISTA_LOG",
        "How much is logged to stderr: off, error, warn, info, debug or trace; for single parts as in \
         \"warn,openpista::llm=debug\".",
    ),
    Key::new(
        "log_format",
        Kind::Choice(&["text", "json"]),
        |_| json!("text"),
        "OPENPISTA_LOG_FORMAT",
        "The form of a line in the log.",
    ),
];

fn under(dirs: &Dirs, name: &str) -> Value {
    // A path that is not Unicode cannot be shown or given in a file; it is as rare as it is odd.
    json!(dirs.state.join(name).to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_consistent() {
        let dirs = Dirs::find(&super::super::Environment::from_pairs([("HOME", "/h")]), "/").unwrap();
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), KEYS.len(), "names are unique");
        for key in KEYS {
            assert_eq!(key.env, format!("OPENPISTA_{}", key.name.to_uppercase()));
            assert!(key.doc.ends_with('.'), "{}", key.name);
            let default = (key.default)(&dirs);
            if default.is_null() {
                assert!(key.kind.parse(key.example).is_ok(), "{}: its example is no value of it", key.name);
            } else {
                assert_eq!(key.kind.check(&default), Ok(default.clone()), "{}", key.name);
                assert_eq!(key.example, "", "{}", key.name);
            }
        }
    }
}

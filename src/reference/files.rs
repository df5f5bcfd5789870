//! The type files, as they come with the program.

/// The reference of the API: the file's name, and its text.
pub const FILES: &[(&str, &str)] = &[
    ("channels.d.lua", include_str!("../../lua/pista/_meta/channels.d.lua")),
    ("cron.d.lua", include_str!("../../lua/pista/_meta/cron.d.lua")),
    ("docker.d.lua", include_str!("../../lua/pista/_meta/docker.d.lua")),
    ("events.d.lua", include_str!("../../lua/pista/_meta/events.d.lua")),
    ("fs.d.lua", include_str!("../../lua/pista/_meta/fs.d.lua")),
    ("help.d.lua", include_str!("../../lua/pista/_meta/help.d.lua")),
    ("hooks.d.lua", include_str!("../../lua/pista/_meta/hooks.d.lua")),
    ("http.d.lua", include_str!("../../lua/pista/_meta/http.d.lua")),
    ("json.d.lua", include_str!("../../lua/pista/_meta/json.d.lua")),
    ("kv.d.lua", include_str!("../../lua/pista/_meta/kv.d.lua")),
    ("llm.d.lua", include_str!("../../lua/pista/_meta/llm.d.lua")),
    ("log.d.lua", include_str!("../../lua/pista/_meta/log.d.lua")),
    ("memory.d.lua", include_str!("../../lua/pista/_meta/memory.d.lua")),
    ("pista.d.lua", include_str!("../../lua/pista/_meta/pista.d.lua")),
    ("session.d.lua", include_str!("../../lua/pista/_meta/session.d.lua")),
    ("settings.d.lua", include_str!("../../lua/pista/_meta/settings.d.lua")),
    ("stdin.d.lua", include_str!("../../lua/pista/_meta/stdin.d.lua")),
    ("system.d.lua", include_str!("../../lua/pista/_meta/system.d.lua")),
    ("test.d.lua", include_str!("../../lua/pista/_meta/test.d.lua")),
    ("time.d.lua", include_str!("../../lua/pista/_meta/time.d.lua")),
    ("tools.d.lua", include_str!("../../lua/pista/_meta/tools.d.lua")),
    ("types.d.lua", include_str!("../../lua/pista/_meta/types.d.lua")),
    ("wasm.d.lua", include_str!("../../lua/pista/_meta/wasm.d.lua")),
];

/// What of Lua's standard library is other than editors take it to be. For them alone.
pub const STANDARD: (&str, &str) = ("standard.d.lua", include_str!("../../lua/pista/_meta/standard.d.lua"));

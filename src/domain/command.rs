//! Commands: what begins with a slash and needs no model.

/// Names that commands of `init.lua` can't have: those of the engine's own, at the prompt and in
/// chats.
pub const BUILT_IN: &[&str] = &[
    "clear", "exit", "help", "login", "lua", "model", "new", "quit", "reload", "resume", "retry", "sessions",
    "status", "stop", "tools",
];

/// The name of a command without its slash, and what follows it. `None` when `line` is no command:
/// a text may begin with a path.
pub fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = name.strip_prefix('/')?;
    (!name.is_empty() && !name.contains('/')).then(|| (name, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_path_is_no_command() {
        assert_eq!(split("/deploy  x y "), Some(("deploy", "x y")));
        assert_eq!(split("/new"), Some(("new", "")));
        assert_eq!(split("/etc/hosts is wrong"), None);
        assert_eq!(split("hello /new"), None);
        assert_eq!(split("/"), None);
    }
}

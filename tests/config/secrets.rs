//! From where a secret is kept to the secret.

use openpista::{
    config::{Dirs, Environment, Redactor, SecretError, Secrets},
    domain::secret::SecretRef,
};
use std::path::Path;

fn secrets(base: &Path) -> Secrets {
    let environment = Environment::from_pairs([
        ("HOME", base.to_str().unwrap()),
        ("MY_API_KEY", "from the environment"),
        ("EMPTY_KEY", ""),
    ]);
    let dirs = Dirs::find(&environment, "/").unwrap();
    Secrets::new(environment, dirs, base.to_owned(), Redactor::default())
}

fn resolve(secrets: &Secrets, place: &str) -> Result<String, SecretError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let place: SecretRef = place.parse().unwrap();
    runtime.block_on(secrets.resolve(&place)).map(|secret| secret.expose().to_owned())
}

#[test]
fn come_from_the_environment_files_and_commands() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), "from a file\n").unwrap();
    let secrets = secrets(dir.path());
    for (place, value, name) in [
        ("env:MY_API_KEY", "from the environment", "MY_API_KEY"),
        ("file:key", "from a file", "key"),
        ("file:~/key", "from a file", "key"),
        ("cmd:printf 'from a command\\r\\n'", "from a command", "cmd"),
        ("cmd:printf 'two\\nlines\\n\\n'", "two\nlines\n", "cmd"),
    ] {
        assert_eq!(resolve(&secrets, place).as_deref(), Ok(value), "{place}");
        assert_eq!(secrets.redactor().redact(value), format!("[secret:{name}]"), "{place}");
    }
}

#[test]
fn that_are_not_there_are_told_by_place_and_never_by_value() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty"), "\n").unwrap();
    std::fs::write(dir.path().join("binary"), b"\xff\xfe").unwrap();
    std::fs::write(dir.path().join("large"), vec![b'x'; 64 * 1024 + 1]).unwrap();
    let secrets = secrets(dir.path());
    for (place, words) in [
        ("env:MY_API_KY", "env:MY_API_KY: the environment variable is not set; did you mean MY_API_KEY?"),
        ("env:EMPTY_KEY", "env:EMPTY_KEY: the environment variable is not set"),
        ("file:missing", "file:missing: No such file or directory"),
        ("file:empty", "file:empty: is empty"),
        ("file:binary", "file:binary: holds what is not text"),
        ("file:large", "file:large: holds more than 64 KiB"),
        ("file:.", "file:.: is not a regular file"),
        ("file:/dev/zero", "is not a regular file"),
        ("file:~bob/key", "can begin with ~/"),
        ("cmd:echo hunter2; exit 3", "the command failed: exit status: 3"),
        ("cmd:true", "cmd:true: is empty"),
        ("cmd:yes hunter2", "holds more than 64 KiB"),
    ] {
        let error = resolve(&secrets, place).expect_err(place).to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.trim_start_matches(place).contains("hunter2"), "{error}");
        assert!(!error.contains("xxx"), "{error}");
    }
}

#[test]
fn what_cannot_be_seen_is_cleaned_away_or_told() {
    let dir = tempfile::tempdir().unwrap();
    let wide = |mark: [u8; 2], from: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), "sk-canary-17\r\n".encode_utf16().flat_map(from).collect()].concat()
    };
    let clean: [Vec<u8>; 8] = [
        b"sk-canary-17\r\n".to_vec(),
        b"sk-canary-17\r".to_vec(),
        "\u{feff}sk-canary-17\n".into(),
        "\u{feff}sk-canary-17\r\n".into(),
        "sk-canary-17\u{200b}\n".into(),
        "\u{2060}sk-canary-17\u{a0}".into(),
        wide([0xff, 0xfe], u16::to_le_bytes),
        wide([0xfe, 0xff], u16::to_be_bytes),
    ];
    for bytes in clean {
        std::fs::write(dir.path().join("key"), &bytes).unwrap();
        let secrets = secrets(dir.path());
        assert_eq!(resolve(&secrets, "file:key").as_deref(), Ok("sk-canary-17"), "{bytes:?}");
        // Both as it is used and as it stands in the file.
        let redactor = secrets.redactor();
        assert_eq!(redactor.redact("the key sk-canary-17!"), "the key [secret:key]!");
        let shown = redactor.redact(&String::from_utf8_lossy(&bytes)).into_owned();
        assert!(!shown.contains("canary"), "{shown:?}");
    }
    for (text, words) in [
        ("sk-\u{200b}canary-17", "(U+200B) after 3 others"),
        ("sk-canary\u{202e}-17\n", "(U+202E) after 9 others"),
        ("sk-\u{0}canary-17", "(U+0000) after 3 others"),
        ("\u{feff}\n", "is empty"),
    ] {
        std::fs::write(dir.path().join("key"), text).unwrap();
        let error = resolve(&secrets(dir.path()), "file:key").unwrap_err().to_string();
        assert!(
            error.starts_with("file:key: ") && error.contains(words) && !error.contains("canary"),
            "{error}"
        );
    }
    // A variable, from a file with the line ends of another system.
    let environment = Environment::from_pairs([
        ("HOME", "/"),
        ("MY_API_KEY", "sk-canary-18\r"),
        ("X_TOKEN", "\u{feff}sk-canary-19"),
    ]);
    let redactor = Redactor::of(&environment);
    assert_eq!(redactor.redact("sk-canary-18 sk-canary-19"), "[secret:MY_API_KEY] [secret:X_TOKEN]");
}

#[test]
fn handles_and_errors_show_no_value() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = secrets(dir.path());
    resolve(&secrets, "env:MY_API_KEY").unwrap();
    assert!(!format!("{secrets:?}").contains("from the environment"), "{secrets:?}");
}

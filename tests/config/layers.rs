//! Which layer's value counts, and what is said of wrong ones.

use openpista::{
    config::{
        ConfigErrors, Dirs, Environment, Flag, KEYS, Layers, LogFormat, Origin, Redactor, Settings, locate,
        provider_key_variable, table,
    },
    domain::{rules::Autonomy, secret::SecretRef},
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A home directory with a `config.toml` in its place, and variables.
struct Home {
    dir: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

impl Home {
    fn new(toml: Option<&str>, vars: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join(".config/openpista");
        std::fs::create_dir_all(&config).unwrap();
        if let Some(text) = toml {
            std::fs::write(config.join("config.toml"), text).unwrap();
        }
        let home = ("HOME".to_owned(), dir.path().to_str().unwrap().to_owned());
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { vars: vars.chain([home]).collect(), dir }
    }

    fn toml(&self) -> PathBuf {
        self.dir.path().join(".config/openpista/config.toml")
    }

    fn layers(&self, flags: Vec<Flag>) -> Result<Layers, ConfigErrors> {
        let environment = Environment::from_pairs(self.vars.clone());
        let dirs = Dirs::find(&environment, "/place")?;
        Layers::read(&locate(None, &environment, &dirs)?, &dirs, &environment, flags)
    }

    fn settings(&self) -> Settings {
        self.layers(vec![]).and_then(|layers| layers.settings(&[])).unwrap_or_else(|error| panic!("{error}"))
    }

    fn error(&self) -> String {
        self.layers(vec![]).and_then(|layers| layers.settings(&[])).map(|_| ()).unwrap_err().to_string()
    }
}

fn lua(key: &str, value: Value) -> (String, Value, String) {
    (key.into(), value, "init.lua:4".into())
}

#[test]
fn defaults() {
    let home = Home::new(None, &[]);
    let settings = home.settings();
    assert_eq!(settings.model, None);
    assert_eq!(settings.agent, "main");
    assert_eq!(settings.max_tool_rounds, 10);
    assert_eq!(settings.database, home.dir.path().join(".local/state/openpista/openpista.db"));
    assert_eq!(settings.workspace, None);
    assert_eq!(settings.autonomy, Autonomy::Ask);
    assert_eq!(settings.tool_timeout, Duration::from_secs(30));
    assert_eq!(settings.local_server_timeout, Duration::from_millis(300));
    assert_eq!((settings.tool_output_chars, settings.spill_bytes), (10_000, 64 << 20));
    assert_eq!(settings.local_servers.len(), 4);
    assert_eq!(settings.log_format, LogFormat::Text);
    assert!(KEYS.iter().all(|key| settings.origin(key.name) == Some(&Origin::Default)));
    assert_eq!(settings.origin("modle"), None);
}

#[test]
fn each_layer_overrides_the_one_beneath_and_is_remembered() {
    let home = Home::new(
        Some("# mine\nmodel = \"toml\"\nagent = \"toml\"\nretries = 3\n\nmax_retry_wait = 1.5\n"),
        &[("OPENPISTA_RETRIES", "5"), ("OPENPISTA_AGENT", "env")],
    );
    let flags = vec![
        Flag { key: "agent", name: "--agent", value: json!("flag") },
        Flag { key: "max_tool_rounds", name: "--max-tool-rounds", value: json!("7") },
        Flag { key: "log", name: "--log", value: Value::Null },
    ];
    let settings = home
        .layers(flags)
        .unwrap()
        .settings(&[lua("model", json!("first")), lua("model", json!("lua")), lua("retries", json!(4.0))])
        .unwrap();
    let toml = |line| Origin::Toml { path: home.toml(), line };
    assert_eq!(settings.model.as_deref(), Some("lua"));
    assert_eq!(settings.origin("model"), Some(&Origin::Lua { location: "init.lua:4".into() }));
    assert_eq!(settings.agent, "flag");
    assert_eq!(settings.origin("agent"), Some(&Origin::Flag { name: "--agent".into() }));
    assert_eq!(settings.retries, 5);
    assert_eq!(settings.origin("retries"), Some(&Origin::Env { var: "OPENPISTA_RETRIES".into() }));
    assert_eq!(settings.max_tool_rounds, 7);
    assert_eq!(settings.max_retry_wait, Duration::from_millis(1500));
    assert_eq!(settings.origin("max_retry_wait"), Some(&toml(6)));
    assert_eq!(settings.origin("log"), Some(&Origin::Default));
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        value => value.to_string(),
    }
}

#[test]
fn every_setting_can_be_given_in_every_layer() {
    for key in KEYS {
        let default = (key.default)(&Dirs::find(&Environment::from_pairs([("HOME", "/h")]), "/w").unwrap());
        let value = match default {
            Value::Null => key.kind.parse(key.example).unwrap(),
            value => value,
        };
        let text = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut home = Home::new(Some(&format!("{} = {}\n", key.name, toml_value(&value))), &[]);
        assert!(
            matches!(home.settings().origin(key.name), Some(Origin::Toml { line: 1, .. })),
            "{}",
            key.name
        );
        let by_lua = home.layers(vec![]).unwrap().settings(&[lua(key.name, value.clone())]).unwrap();
        assert!(matches!(by_lua.origin(key.name), Some(Origin::Lua { .. })), "{}", key.name);
        let flag = Flag { key: key.name, name: "--it", value: json!(text) };
        let by_flag = home.layers(vec![flag]).unwrap().settings(&[]).unwrap();
        assert!(matches!(by_flag.origin(key.name), Some(Origin::Flag { .. })), "{}", key.name);
        home.vars.push((key.env.into(), text));
        let by_env = home.settings();
        assert!(matches!(by_env.origin(key.name), Some(Origin::Env { .. })), "{}", key.name);
        let shown = |settings: &Settings| {
            let all = settings.describe(&Redactor::default());
            all.into_iter().find(|shown| shown.key == key.name).unwrap().value
        };
        assert_eq!(shown(&by_env), shown(&by_lua), "{}", key.name);
    }
}

#[test]
fn empty_variables_count_as_unset_and_the_older_name_works() {
    let workspace = |vars: &[(&str, &str)]| Home::new(None, vars).settings().workspace;
    assert_eq!(
        workspace(&[("OPENPISTA_WORKSPACE", ""), ("OPENPISTACRAB_WORKSPACE", "/old")]),
        Some("/old".into())
    );
    assert_eq!(
        workspace(&[("OPENPISTA_WORKSPACE", "/new"), ("OPENPISTACRAB_WORKSPACE", "/old")]),
        Some("/new".into())
    );
    assert_eq!(workspace(&[("OPENPISTA_WORKSPACE", ""), ("OPENPISTACRAB_WORKSPACE", "")]), None);
}

#[test]
fn paths_are_made_absolute_from_where_they_were_written() {
    let home = Home::new(
        Some("database = \"db/x.db\"\nworkspace = \"~/w\"\napi_key = \"file:key\"\n"),
        &[("OPENPISTA_HISTORY", "h")],
    );
    let settings = home.settings();
    let config = home.dir.path().join(".config/openpista");
    assert_eq!(settings.database, config.join("db/x.db"));
    assert_eq!(settings.workspace, Some(home.dir.path().join("w")));
    assert_eq!(settings.history, Path::new("/place/h"));
    assert_eq!(settings.api_key, Some(SecretRef::File(config.join("key").to_str().unwrap().into())));
    let by_lua = home.layers(vec![]).unwrap().settings(&[lua("workspace", json!("w2"))]).unwrap();
    assert_eq!(by_lua.workspace, Some(config.join("w2")));
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let home = Home::new(
        Some("modle = \"x\"\nretries = \"two\"\nzzz = 1\n\n[providers.mine]\nbase_url = \"http://x\"\n"),
        &[("OPENPISTA_LOG", "loud"), ("OPENPISTA_TOOL_TIMEOUT", "0")],
    );
    let error =
        home.layers(vec![]).unwrap().settings(&[lua("autonmy", json!("auto"))]).unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    let toml = home.toml();
    let toml = toml.display();
    assert_eq!(lines.len(), 7, "{error}");
    assert_eq!(lines[0], format!("{toml}:1: there is no setting \"modle\"; did you mean \"model\"?"));
    assert_eq!(lines[1], format!("{toml}:2: retries must be a whole number from 0 to 100, not \"two\""));
    assert!(lines[2].starts_with(&format!("{toml}:3: there is no setting \"zzz\"; ")), "{}", lines[2]);
    assert!(
        lines[3].starts_with(&format!("{toml}:5: ")) && lines[3].contains("pista.provider("),
        "{}",
        lines[3]
    );
    assert_eq!(lines[4], "init.lua:4: there is no setting \"autonmy\"; did you mean \"autonomy\"?");
    assert!(lines.contains(&"environment OPENPISTA_TOOL_TIMEOUT: tool_timeout must be a number of seconds from 0.01 to 86400, not 0"));
    assert!(error.contains("environment OPENPISTA_LOG: log must be \"off\", \"error\", "), "{error}");
}

#[test]
fn what_is_no_toml_is_told_by_line_without_its_text() {
    let home = Home::new(Some("model = \"x\"\napi_key = \"hunter2hunter2\nretries = 1\n"), &[]);
    let error = home.error();
    assert!(error.starts_with(&format!("{}:2: ", home.toml().display())), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let home = Home::new(Some("model = 1\nmodel = 2\n"), &[]);
    assert!(home.error().contains(":2: duplicate key"), "{}", home.error());
    std::fs::write(home.toml(), b"model = \"\xff\"").unwrap();
    assert!(home.error().ends_with("the text is not UTF-8"), "{}", home.error());
    std::fs::remove_file(home.toml()).unwrap();
    std::fs::create_dir(home.toml()).unwrap();
    assert!(home.error().starts_with(&format!("{}: ", home.toml().display())), "{}", home.error());
}

#[test]
fn a_secret_in_the_place_of_its_name_is_refused_and_not_repeated() {
    let literal = "sk-proj-0123456789abcdef";
    let by_toml = Home::new(Some(&format!("api_key = \"{literal}\"\n")), &[]).error();
    let none = Home::new(None, &[]).layers(vec![]).unwrap();
    let by_lua = none.settings(&[lua("api_key", json!(literal))]).unwrap_err().to_string();
    for error in [by_toml, by_lua] {
        assert!(error.contains("api_key must be where the secret is kept"), "{error}");
        assert!(error.contains("env:NAME") && !error.contains("sk-"), "{error}");
    }
}

#[test]
fn the_variable_of_a_secret_may_hold_the_secret_itself() {
    let literal = "sk-proj-0123456789abcdef";
    let place =
        |value| Home::new(None, &[("OPENPISTA_API_KEY", value)]).settings().api_key.unwrap().to_string();
    assert_eq!(place(literal), "env:OPENPISTA_API_KEY");
    assert_eq!(place("env:OTHER"), "env:OTHER");
    assert_eq!(provider_key_variable("my-server.2"), "OPENPISTA_MY_SERVER_2_API_KEY");
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let home = Home::new(
        Some(
            "api_key = \"env:MY_KEY\"\nbase_url = \"https://me:pass@host/v1\"\nmodel = \"sk-abcdefgh12345678\"\n",
        ),
        &[("MY_KEY", "sk-abcdefgh12345678")],
    );
    let redactor = Redactor::of(&Environment::from_pairs(home.vars.clone()));
    let shown = home.settings().describe(&redactor);
    assert_eq!(shown.len(), KEYS.len());
    let text = table(&shown, true);
    let json = serde_json::to_string(&shown).unwrap();
    for output in [&text, &json] {
        assert!(output.contains("env:MY_KEY") && output.contains("https://[hidden]@host/v1"), "{output}");
        assert!(output.contains("[secret:MY_KEY]"), "{output}");
        assert!(!output.contains("sk-abc") && !output.contains("pass@"), "{output}");
    }
    let line = text.lines().find(|line| line.starts_with("api_key ")).unwrap();
    assert!(line.ends_with(&format!("# {}:1", home.toml().display())), "{line}");
    assert!(json.contains(r#"{"key":"agent","value":"main","origin":{"from":"default"}}"#), "{json}");
    assert!(!table(&shown, false).contains('#'));
}

#[test]
fn odd_things_are_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new(Some(""), &[("OPENPISTA_MODLE", "x"), ("OPENPISTA_UNRELATED_THING", "x")]);
    assert_eq!(
        home.layers(vec![]).unwrap().warnings(),
        ["environment OPENPISTA_MODLE: nothing reads it; did you mean OPENPISTA_MODEL?"]
    );
    std::fs::set_permissions(home.toml(), std::fs::Permissions::from_mode(0o666)).unwrap();
    let layers = home.layers(vec![]).unwrap();
    assert!(layers.warnings()[0].contains("config.toml: anybody on this machine can change it"));
    std::fs::set_permissions(home.toml(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let directory = home.toml().parent().unwrap().to_owned();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(home.layers(vec![]).unwrap().warnings()[0].contains("openpista: anybody"));
}

//! `openpista check`.

use crate::support::program::Home;

const INIT: &str = r#"
pista.setup { model = "demo" }
pista.provider("mine", { chat = function() return "x" end })
pista.agent("main", {
  tools = {
    allow = { "fs.*" },
    ask = { "systm.run" },
  },
})
pista.agent("other", { budget = { usd_per_day = 2 } })
pista.tool { name = "weather", description = "x", effect = "read", run = function() end }
pista.hook("tool_call", { priority = 10 }, function() end)
pista.on("turn.end", function() end)
"#;

#[test]
fn a_sound_configuration_is_summed_up() {
    let home = Home::new();
    home.init(INIT);
    let ran = home.run(["check"]).ok();
    assert!(ran.out.starts_with("ok: ") && ran.out.lines().count() == 1, "{}", ran.out);
    assert!(
        ran.out.contains("2 agents, 1 tool, 1 hook, 1 observer, 1 provider; the model is demo"),
        "{}",
        ran.out
    );
    ran.complains(["warning: init.lua:7:", "\"systm.run\"", "did you mean \"system.run\"?"]);
    assert!(!home.database().exists(), "checking opens nothing");
}

#[test]
fn the_plan_is_listed_with_its_places() {
    let home = Home::new();
    home.init(INIT);
    let ran = home.run(["check", "--plan"]).ok();
    for line in [
        "agents",
        "  main   init.lua:4  prompt default",
        "    allow \"fs.*\"  init.lua:6",
        "    ask   \"systm.run\"  init.lua:7",
        "  other  init.lua:10  prompt default, usd_per_day 2.0",
        "  weather  init.lua:11  effect read, timeout 30.0",
        "  tool_call  init.lua:12  priority 10",
        "  turn.end  init.lua:13",
        "  mine  init.lua:3  chat function, timeout 120.0",
    ] {
        assert!(ran.out.lines().any(|there| there == line), "{line:?} is not in:\n{}", ran.out);
    }
}

#[test]
fn as_json() {
    let home = Home::new();
    home.init(INIT);
    let [report] = &home.run(["check", "--json"]).ok().json()[..] else { panic!("one line") };
    assert_eq!((&report["ok"], &report["model"]), (&true.into(), &"demo".into()));
    let agents = &report["plan"][0];
    assert_eq!((&agents["kind"], &agents["items"][0]["location"]), (&"agent".into(), &"init.lua:4".into()));
    assert_eq!(report["warnings"].as_array().map(Vec::len), Some(1));

    home.init("\n\npista.agent('main', { promt = 'x' })");
    let [error] = &home.run(["check", "--json"]).code(78).json()[..] else { panic!("one line") };
    assert_eq!(
        (&error["ok"], &error["file"], &error["line"]),
        (&false.into(), &"init.lua".into(), &3.into()),
        "{error}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let home = Home::new();
    for (init, words) in [
        ("x = = 1", vec!["init.lua:1:"]),
        ("\npista.agent('main', { promt = 'x' })", vec!["init.lua:2:", "did you mean \"prompt\"?"]),
        ("pista.setup { agent = 'nobody' }", vec!["there is no agent \"nobody\""]),
        ("pista.setup { workspace = '/nowhere/at/all' }", vec!["/nowhere/at/all is not a directory"]),
        ("pista.provider('a', { base_url = 'http://x', fallback = { 'b' } })", vec!["init.lua:1:", "\"b\""]),
        ("pista.tool { name = 'fs.read', description = 'x', run = print }", vec!["init.lua:1:", "fs.read"]),
        ("pista.system.run({ 'touch', 'made' })", vec!["init.lua:1:", "only inside a handler"]),
    ] {
        home.init(init);
        let ran = home.run(["check"]).code(78).complains(words);
        assert_eq!(ran.out, "", "{init}");
    }
    assert!(!home.work().join("made").exists());
}

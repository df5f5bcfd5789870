//! What a configuration can declare, how its mistakes read, and how its functions are called.
#![allow(clippy::unwrap_used, reason = "tests")]

mod script_support;

use openpista::{
    domain::{
        call::{ToolCall, ToolResult, ToolStatus},
        chat::{ChatError, ChatRequest, Delta, LlmProvider},
        hook::{HookVerdict, Hooks, PromptDraft},
        message::{AssistantMessage, Message},
        plan::{Prompt, ProviderKind},
        rules::{Access, Match},
        tool::{Effect, ToolSpec},
    },
    script::{
        Evaluation, Generation, HookLimits, HostOptions, LuaProvider, Outcome, ScriptHooks, ScriptHost,
        Source, prompt_text, run_tool,
    },
};
use script_support::{context, eval, fails, limit, options, start};
use serde_json::{Value as Json, json};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

// Declarations -------------------------------------------------------------------------------

#[tokio::test]
async fn a_configuration_becomes_a_plan() {
    let generation = start(
        r#"
        pista.setup { model = "openai/gpt-5-mini", max_tool_rounds = 5 * 2 }
        pista.setup {
          token = pista.secret("env:SOME_TOKEN"),
        }
        pista.provider("local", { base_url = "http://127.0.0.1:8080/v1", api_key = pista.secret("file:/k"),
          dialect = { num_ctx = 32768 }, fallback = { "mine" }, context_window = 8192,
          price = { input = 0.25, output = 2 } })
        pista.provider("mine", { chat = function() return "x" end, timeout = 7 })
        pista.agent("main", {
          model = "local/small", prompt = "Be kind.",
          tools = {
            allow = { "fs.read", "memory.*", { "system.run", argv = { "git", "status" } } },
            ask = { "system.run" },
            deny = { "*" },
          },
          budget = { tokens_per_turn = 50000, usd_per_day = 2.5 },
        })
        pista.agent("other", { prompt = function() return "made" end })
        pista.tool { name = "home.lights", description = "Lights.", parameters = { on = "boolean" },
          run = function() end, effect = "read", timeout = 2 }
        pista.hook("prompt", function() end)
        pista.hook("tool_call", { priority = 5 }, function() end)
        pista.hook("prompt", { priority = 9 }, function() end)
        pista.on("turn.end", function() end)
        "#,
    )
    .await;
    let plan = &generation.plan;
    let setting = |name: &str| {
        plan.settings.iter().find(|(key, ..)| key == name).map(|(_, v, at)| (v.clone(), at.clone()))
    };
    assert_eq!(setting("model"), Some((json!("openai/gpt-5-mini"), "init.lua:2".into())));
    assert_eq!(setting("max_tool_rounds").unwrap().0, json!(10));
    assert_eq!(setting("token"), Some((json!("env:SOME_TOKEN"), "init.lua:4".into())));

    let local = &plan.providers["local"];
    let ProviderKind::OpenAi { base_url, api_key, dialect } = &local.kind else { panic!("{local:?}") };
    assert_eq!((base_url.as_str(), &dialect["num_ctx"]), ("http://127.0.0.1:8080/v1", &json!(32768)));
    assert_eq!(api_key.as_ref().unwrap().to_string(), "file:/k");
    assert_eq!(
        (local.price, local.context_window, &local.fallback[..]),
        (Some((0.25, 2.0)), Some(8192), &["mine".to_owned()][..])
    );
    assert_eq!(local.location, "init.lua:6");
    assert!(
        matches!(plan.providers["mine"].kind, ProviderKind::Lua { timeout, .. } if timeout == Duration::from_secs(7))
    );

    let main = &plan.agents["main"];
    assert_eq!(
        (main.prompt.clone(), main.budget.tokens_per_turn, main.budget.usd_per_day),
        (Prompt::Text("Be kind.".into()), Some(50_000), Some(2.5))
    );
    let rules: Vec<_> =
        main.rules.iter().map(|rule| (rule.access, rule.matches.clone(), rule.location.as_str())).collect();
    let name = |pattern: &str| Match::Name(pattern.into());
    let argv = Match::Argv { tool: "system.run".into(), argv: vec!["git".into(), "status".into()] };
    assert_eq!(
        rules,
        [
            (Access::Allow, name("fs.read"), "init.lua:13"),
            (Access::Allow, name("memory.*"), "init.lua:13"),
            (Access::Allow, argv, "init.lua:13"),
            (Access::Ask, name("system.run"), "init.lua:14"),
            (Access::Deny, name("*"), "init.lua:15"),
        ]
    );
    let tool = &plan.tools[0];
    assert_eq!(
        (tool.spec.name.as_str(), tool.spec.effect, tool.timeout),
        ("home.lights", Effect::Read, Duration::from_secs(2))
    );
    let hooks: Vec<_> =
        plan.hooks.iter().map(|hook| (hook.point.as_str(), hook.priority, hook.location.as_str())).collect();
    assert_eq!(
        hooks,
        [("prompt", 9, "init.lua:24"), ("tool_call", 5, "init.lua:23"), ("prompt", 0, "init.lua:22")]
    );
    assert_eq!(
        (plan.observers[0].point.as_str(), plan.observers[0].location.as_str()),
        ("turn.end", "init.lua:25")
    );
}

#[tokio::test]
async fn mistakes_are_told_with_their_line_and_the_nearest_name() {
    let cases = [
        (
            "\npista.agent('a', { promt = 'x' })",
            r#"init.lua:2: pista.agent: unknown key "promt" (did you mean "prompt"?)"#,
        ),
        (
            "pista.setup {\n  model = 'x',\n  max_tool_round = 3,\n}",
            r#"init.lua:3: pista.setup: unknown key "max_tool_round" (did you mean "max_tool_rounds"?)"#,
        ),
        (
            "pista.setup {\n  model = 'x',\n  max_tool_rounds = 'many',\n}",
            "init.lua:3: pista.setup: max_tool_rounds: expected a whole number",
        ),
        (
            "pista.setup { colour = 1 }",
            r#"init.lua:1: pista.setup: unknown key "colour" (there is model, max_tool_rounds, token)"#,
        ),
        ("pista.setup('x')", "init.lua:1: pista.setup: expected a table, got a string"),
        (
            "pista.setup { model = print }",
            "init.lua:1: pista.setup: model: a function cannot be turned into plain data",
        ),
        (
            "pista.setup { model = 'a' }\npista.setup { model = 'b' }",
            r#"init.lua:2: pista.setup: "model" is set already, at init.lua:1"#,
        ),
        (
            "pista.agent('a', {})\n\npista.agent('a', {})",
            r#"init.lua:3: pista.agent: "a" is declared already, at init.lua:1"#,
        ),
        ("pista.agent({})", "init.lua:1: pista.agent: the first argument is a name, not a table"),
        (
            "pista.agent('a/b', {})",
            r#"init.lua:1: pista.agent: "a/b" is no name: use letters, digits, '-' and '_'"#,
        ),
        (
            "pista.agent('a', { prompt = 3 })",
            "init.lua:1: pista.agent: prompt: expected a string or a function, got a number",
        ),
        (
            "pista.agent('a', {\n  tools = {\n    alow = {} } })",
            r#"init.lua:3: pista.agent: tools: unknown key "alow" (did you mean "allow"?)"#,
        ),
        (
            "pista.agent('a', { tools = { allow = { 'fs read' } } })",
            r#"init.lua:1: pista.agent: tools: allow: "fs read" is no tool name or pattern, such as "fs.read" or "fs.*""#,
        ),
        (
            "pista.agent('a', { tools = { allow = { { 'system.run' } } } })",
            r#"init.lua:1: pista.agent: tools: allow: an entry for one command is { "system.run", argv = { "git", "status" } }"#,
        ),
        (
            "pista.agent('a', { budget = { tokens_per_turn = 0 } })",
            "init.lua:1: pista.agent: budget: tokens_per_turn: must be a whole number from 1 up",
        ),
        (
            "pista.provider('p', {})",
            r#"init.lua:1: pista.provider: "p" needs base_url (a server) or chat (a function)"#,
        ),
        (
            "pista.provider('p', { base_url = 'localhost' })",
            "init.lua:1: pista.provider: base_url: must begin with http:// or https://",
        ),
        (
            "pista.provider('p', { base_url = 'http://x', api_key = 'sk-123456' })",
            "init.lua:1: pista.provider: api_key: give a secret by where it is kept, such as pista.secret(\"env:NAME\")",
        ),
        (
            "pista.secret('sk-123456')",
            "init.lua:1: pista.secret: a secret is named by where it is kept: \"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\"",
        ),
        ("pista.tool { description = 'x', run = print }", "init.lua:1: pista.tool: name is missing"),
        (
            "pista.tool { name = 'a b', description = 'x', run = print }",
            "init.lua:1: pista.tool: name: \"a b\" is no tool name: use words of letters, digits, '_' and '-', joined by dots, such as \"get-weather\" or \"home.lights\"",
        ),
        (
            "pista.tool {\n name = 'a', description = 'x', run = print,\n effect = 'raed' }",
            "init.lua:3: pista.tool: effect: \"raed\" is neither \"read\" nor \"act\"",
        ),
        (
            "pista.tool { name = 'a', description = 'x', run = print,\n parameters = {\n city = 'strin' } }",
            "init.lua:3: pista.tool: parameters: city: there is no type \"strin\" (did you mean \"string\"?)",
        ),
        (
            "pista.tool { name = 'a', description = 'x', run = print, timeout = -1 }",
            "init.lua:1: pista.tool: timeout: must be a number from 0 up",
        ),
        (
            "pista.hook('toolcall', print)",
            r#"init.lua:1: pista.hook: there is no hook point "toolcall" (did you mean "tool_call"?)"#,
        ),
        (
            "pista.hook('prompt', { prioriti = 1 }, print)",
            r#"init.lua:1: pista.hook: unknown key "prioriti" (did you mean "priority"?)"#,
        ),
        ("pista.hook('prompt')", "init.lua:1: pista.hook: the last argument is a function, not nil"),
        (
            "pista.on('turn.ended', print)",
            r#"init.lua:1: pista.on: there is no event "turn.ended" (did you mean "turn.end"?)"#,
        ),
        (
            "local k = pista.env('OPENAI_API_KEY')",
            "init.lua:1: pista.env: OPENAI_API_KEY looks like a secret; name it with pista.secret(\"env:OPENAI_API_KEY\")",
        ),
        (
            "pista.ask { to = 'x' }",
            "init.lua:1: pista.ask: to: an address is \"channel:person\", such as \"telegram:123456\"",
        ),
        ("pista.deny(1)", "init.lua:1: pista.deny: the reason is a string, not a number"),
        (
            "pista.json.encode({ a = { print } })",
            "init.lua:1: pista.json.encode: value.a[1]: a function cannot be turned into plain data",
        ),
        ("local x = = 1", "init.lua:1: unexpected symbol near '='"),
        ("local x = {\n", "init.lua:2: unexpected symbol near <eof>"),
        ("\nlocal t = nil\nlocal x = t.y", "init.lua:3: attempt to index a nil value (local 't')"),
        ("error('no')", "init.lua:1: no"),
        ("error({ message = 'no table' })", "init.lua:1: no table"),
        ("string.rep()", "init.lua:1: bad argument #1 to 'rep' (string expected, got nil)"),
        ("table.insert({}, 5, 1)", "init.lua:1: bad argument #2 to 'insert' (position out of bounds)"),
        ("('x'):find('[a')", "init.lua:1: malformed pattern (missing ']')"),
        (
            "\npista.nothing()",
            r#"init.lua:2: attempt to call a nil value (field 'nothing'): there is no pista.nothing; help("pista") lists what there is"#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(fails(text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn errors_can_be_caught_and_read() {
    let generation = start("").await;
    let caught = "local ok, err = pcall(pista.agent, 'a', {}) return err.kind, err.message, tostring(err), 'it says: ' .. err";
    let shown = eval(&generation, caught).await;
    assert!(shown.starts_with("\"usage\", \"pista.agent: only while the configuration loads"), "{shown}");
    assert!(shown.contains("it says: "), "{shown}");
    let traced = match generation
        .handle
        .eval("local function deep() error('x') end\ndeep()", limit(1000))
        .await
        .outcome
    {
        Outcome::Error(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!((traced.message.as_str(), traced.line), ("x", Some(1)));
    assert!(traced.traceback.unwrap().contains("deep"));
}

#[tokio::test]
async fn the_api_is_one_table() {
    let generation = start("same = require('pista') == pista").await;
    assert_eq!(eval(&generation, "same, pista.api_version, pista.version == '0.1.0'").await, "true, 1, true");
    assert_eq!(
        eval(&generation, "tostring(pista.secret('env:HOME_TOKEN'))").await,
        "\"secret(env:HOME_TOKEN)\""
    );
    assert_eq!(
        eval(&generation, "pista.env('SURELY_NOT_SET_ANYWHERE', 'd'), pista.env('SURELY_NOT_SET_ANYWHERE')")
            .await,
        "\"d\", nil"
    );
    assert_eq!(eval(&generation, "pista.env('PATH') ~= nil").await, "true");
    assert_eq!(eval(&generation, "pista.log.info('text', { n = 1 })").await, "");
}

// Files --------------------------------------------------------------------------------------

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    std::fs::write(path, text).expect("written");
}

async fn load_dir(dir: &Path) -> Result<Generation, openpista::script::LoadFailure> {
    ScriptHost::start(Source::File(dir.join("init.lua")), options()).await
}

#[tokio::test]
async fn modules_are_found_beside_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "init.lua",
        "#!/usr/bin/env openpista\nlocal a, where = require('a')\nWHERE = where\nA = a.b.c + require 'a'.n\nrequire('d')",
    );
    write(dir.path(), "a.lua", "\u{feff}return { n = 1, b = require('x.b') }");
    write(dir.path(), "x/b/init.lua", "return { c = require('c') }");
    write(dir.path(), "lua/c.lua", "return 41");
    write(dir.path(), "d.lua", "D = ...");
    let generation = load_dir(dir.path()).await.unwrap();
    assert_eq!(eval(&generation, "A, WHERE, D").await, "42, \"a.lua\", \"d\"");
    let names = ["init.lua", "a.lua", "x/b/init.lua", "lua/c.lua", "d.lua"];
    let expected: Vec<_> = names.iter().map(|name| dir.path().join(name)).collect();
    assert_eq!(generation.report.files, expected);
}

#[tokio::test]
async fn errors_in_modules_name_them_and_what_was_read_is_known() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "init.lua", "require('lib.ok')\nrequire('lib.bad')");
    write(dir.path(), "lib/ok.lua", "");
    write(dir.path(), "lib/bad.lua", "\nlocal t = nil\nt.x = 1");
    let failure = load_dir(dir.path()).await.unwrap_err();
    assert_eq!(failure.to_string(), "lib/bad.lua:3: attempt to index a nil value (local 't')");
    assert!(failure.error.traceback.unwrap().contains("init.lua:2"));
    let read: Vec<_> =
        ["init.lua", "lib/ok.lua", "lib/bad.lua"].iter().map(|name| dir.path().join(name)).collect();
    assert_eq!(failure.report.files, read);

    write(dir.path(), "lib/bad.lua", "return = 1");
    let failure = load_dir(dir.path()).await.unwrap_err();
    assert!(failure.to_string().starts_with("lib/bad.lua:1: "), "{failure}");
    assert_eq!(failure.report.files, read);

    write(dir.path(), "lib/bad.lua", "require('lib.bad')");
    assert!(load_dir(dir.path()).await.unwrap_err().to_string().contains("circle"));

    write(dir.path(), "init.lua", "\nrequire('gone')");
    let failure = load_dir(dir.path()).await.unwrap_err();
    let expected = "init.lua:2: require: there is no module \"gone\"; looked for gone.lua, gone/init.lua, lua/gone.lua, lua/gone/init.lua";
    assert_eq!(failure.to_string(), expected);
    assert_eq!(failure.report.missing[0], dir.path().join("gone.lua"));

    for name in ["../x", "/etc/passwd", "a..b", "", "x\0y"] {
        write(dir.path(), "init.lua", &format!("require({name:?})").replace("\\0", "\\0"));
        assert!(
            load_dir(dir.path()).await.unwrap_err().to_string().contains("is no module name"),
            "{name:?}"
        );
    }

    std::fs::remove_file(dir.path().join("init.lua")).unwrap();
    let failure = load_dir(dir.path()).await.unwrap_err();
    assert!(
        failure.to_string().contains("init.lua") && failure.to_string().contains("No such file"),
        "{failure}"
    );
    assert_eq!(failure.report.files, [dir.path().join("init.lua")]);
}

#[tokio::test]
async fn a_broken_handler_module_fails_later_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "init.lua",
        "pista.tool { name = 'a', description = 'x', run = function() require('late') end }",
    );
    write(dir.path(), "late.lua", "error('too late')");
    let generation = load_dir(dir.path()).await.unwrap();
    let error = run_tool(&generation.handle, &generation.plan.tools[0], Default::default(), &context())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "late.lua:1: too late");
}

// Values -------------------------------------------------------------------------------------

#[tokio::test]
async fn plain_data_goes_over_and_comes_back() {
    let generation =
        start("pista.tool { name = 'echo', description = 'x', run = function(args) return args end }").await;
    let id = generation.plan.tools[0].handler;
    let handle = &generation.handle;
    let values = [
        json!({ "a": 1, "b": [1, 2.5, "x", true, null], "c": { "d": [] , "e": {} }, "ü": "€" }),
        json!([]),
        json!([[], [[]], {}]),
        json!({}),
        json!(-9_007_199_254_740_993_i64),
        json!(0.1),
        json!("text"),
        json!(false),
        json!(null),
    ];
    for value in values {
        assert_eq!(handle.call(id, value.clone(), limit(1000)).await.unwrap(), value);
    }
    // A null in an object is an absent key.
    assert_eq!(handle.call(id, json!({ "a": null, "b": 1 }), limit(1000)).await.unwrap(), json!({ "b": 1 }));
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let error = handle.call(id, deep, limit(1000)).await.unwrap_err();
    assert!(error.message.contains("nested too deeply"), "{error}");
    let lua = |code: &str| format!("pista.json.encode({code})");
    for (code, expected) in [
        ("{ 1, 2, { a = 'x' } }", r#""[1,2,{\"a\":\"x\"}]""#),
        ("10 / 2", "\"5\""),
        ("pista.json.array {}", "\"[]\""),
        ("pista.json.decode('[1,null,{\"a\":null}]')", "\"[1,null,{}]\""),
        ("'\\xff'", "\"\\\"\u{fffd}\\\"\""),
        ("{ [1.5] = 1 }", "error: pista.json.encode: value: a key is a number; keys are text, or 1, 2, 3, …"),
        (
            "{ 1, a = 2 }",
            "error: pista.json.encode: value: a table is either a list or has named keys, not both",
        ),
        ("0 / 0", "error: pista.json.encode: value: not a finite number"),
        ("pista.secret('env:A_KEY')", "error: pista.json.encode: value: a secret cannot be turned into text"),
    ] {
        assert_eq!(eval(&generation, &lua(code)).await, expected, "{code}");
    }
    let circle = "local t = {} t.t = t return pista.json.encode(t)";
    assert!(eval(&generation, circle).await.contains("nested too deeply, or a circle"));
    let wide = "local t = {} for i = 1, 40 do t = { t, t } end return pista.json.encode(t)";
    assert!(eval(&generation, wide).await.contains("too many values"));
    assert!(eval(&generation, "pista.json.decode('{')").await.starts_with("error: pista.json.decode: EOF"));
}

// Tools and prompts --------------------------------------------------------------------------

#[tokio::test]
async fn tools_run_with_their_arguments_and_context() {
    let generation = start(
        r#"
        local function tool(name, run) pista.tool { name = name, description = "x", run = run, timeout = 0.2 } end
        tool("text", function(args, ctx) return args.a .. ctx.session .. ctx.user .. ctx.channel .. ctx.agent .. ctx.turn end)
        tool("table", function(args) return { sum = args.a + args.b, list = { 1, 2 } } end)
        tool("nothing", function() end)
        tool("waits", function() pista.sleep(0.01) return pcall(pista.sleep, 0.01) end)
        tool("fails", function() error("broken") end)
        tool("slow", function() pista.sleep(60) end)
        tool("odd", function() return print end)
        "#,
    )
    .await;
    let run = async |index: usize, args: Json| {
        let Json::Object(args) = args else { panic!("an object") };
        run_tool(&generation.handle, &generation.plan.tools[index], args, &context())
            .await
            .map_err(|e| e.to_string())
    };
    assert_eq!(run(0, json!({ "a": "x" })).await, Ok("xs1adaclimaint1".into()));
    assert_eq!(run(1, json!({ "a": 1, "b": 2 })).await, Ok(r#"{"list":[1,2],"sum":3}"#.into()));
    assert_eq!(run(2, json!({})).await, Ok(String::new()));
    assert_eq!(run(3, json!({})).await, Ok("true".into()));
    assert_eq!(run(4, json!({})).await, Err("init.lua:7: broken".into()));
    assert_eq!(run(5, json!({})).await, Err("stopped after 200 ms".into()));
    assert!(run(6, json!({})).await.unwrap_err().contains("odd returned something else than data"));
}

#[tokio::test]
async fn prompts_can_be_functions() {
    let generation = start("pista.agent('a', { prompt = function(ctx) return 'for ' .. ctx.user end })\npista.agent('b', { prompt = function() end })").await;
    let text = async |name: &str| {
        let Prompt::Handler(id) = generation.plan.agents[name].prompt else { panic!("no function") };
        prompt_text(&generation.handle, id, &context()).await
    };
    assert_eq!(text("a").await.unwrap(), "for ada");
    assert!(text("b").await.unwrap_err().message.contains("returned nil, not a string"));
}

// Hooks --------------------------------------------------------------------------------------

fn hooks(generation: &Generation) -> ScriptHooks {
    let limits = HookLimits { each: Duration::from_millis(200) };
    ScriptHooks::new(generation.handle.clone(), &generation.plan, limits)
}

async fn threaded(hooks: &ScriptHooks, system: &str) -> String {
    hooks.prompt(PromptDraft { system: system.into() }, &context()).await.system
}

#[tokio::test]
async fn prompts_thread_through_the_hooks() {
    let generation = start(
        r#"
        pista.hook("prompt", function(p) p.system = p.system .. " two " .. p.user return p end)
        pista.hook("prompt", function(p) p.system = "changed but not returned" end)
        pista.hook("prompt", { priority = 1 }, function(p) pista.sleep(0.001) return { system = p.system .. " one" } end)
        "#,
    )
    .await;
    assert_eq!(threaded(&hooks(&generation), "zero").await, "zero one two ada");
    let none = start("").await;
    none.handle.shutdown().await;
    // Without hooks nothing crosses over: the host need not even be there.
    assert_eq!(threaded(&hooks(&none), "same").await, "same");
    let call = ToolCall::new("x", Default::default());
    assert_eq!(hooks(&none).tool_call(&call, &context()).await, HookVerdict::Pass);
}

#[tokio::test]
async fn prompt_hooks_that_fail_change_nothing_and_are_switched_off() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let text = "COUNT = 0\npista.hook('prompt', function(p) COUNT = COUNT + 1 p.system = 'x' error('oops') end)\n\
                pista.hook('prompt', function(p) p.system = p.system .. '!' return p end)\n\
                pista.hook('prompt', function(p) return 'text' end)";
    let source = Source::Embedded { name: "init.lua".into(), text: text.into() };
    let options = HostOptions {
        notice: Some(Arc::new(move |line: &str| sink.lock().unwrap().push(line.to_owned()))),
        ..options()
    };
    let generation = ScriptHost::start(source, options).await.unwrap();
    let hooks = hooks(&generation);
    for _ in 0..5 {
        assert_eq!(threaded(&hooks, "a").await, "a!");
    }
    assert_eq!(eval(&generation, "COUNT").await, "3");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("init.lua:2") && told[0].contains("oops") && told[0].contains("switched off"),
        "{told:?}"
    );
    assert!(told[1].contains("init.lua:4") && told[1].contains("returned a string"), "{told:?}");
}

#[tokio::test]
async fn tool_call_hooks_decide() {
    let generation = start(
        r#"
        pista.hook("tool_call", function(call)
          local a = call.args.a
          if a == "allow" then return pista.allow() end
          if a == "deny" then return pista.deny("not tonight") end
          if a == "just deny" then return pista.deny() end
          if a == "ask" then return pista.ask {} end
          if a == "answer" then return pista.answer("42") end
          if a == "table" then return pista.answer { n = 42 } end
          if a == "rewrite" then return { args = { a = "deny", was = call.name } } end
          if a == "mutate" then call.args.a = "other" return nil end
          if a == "raise" then error("oops") end
          if a == "true" then return true end
          if a == "odd" then return { alow = true } end
          if a == "slow" then while true do end end
          if a == "late" then pista.sleep(30) end
        end)
        pista.hook("tool_call", function(call)
          if call.args.was then return pista.deny("second: " .. call.args.a) end
          if call.args.a == "other" then return pista.deny("leaked") end
        end)
        "#,
    )
    .await;
    let hooks = hooks(&generation);
    let ask = async |a: &str| {
        let mut call = ToolCall::new("fs.read", Default::default());
        call.args.insert("a".into(), a.into());
        hooks.tool_call(&call, &context()).await
    };
    let by = || "init.lua:2".to_owned();
    let deny = |reason: &str| HookVerdict::Deny { reason: reason.into(), by: by() };
    assert_eq!(ask("nothing").await, HookVerdict::Pass);
    assert_eq!(ask("allow").await, HookVerdict::Allow { by: by() });
    assert_eq!(ask("deny").await, deny("not tonight"));
    assert_eq!(ask("just deny").await, deny("no reason given"));
    assert_eq!(ask("ask").await, HookVerdict::Ask { to: vec![], timeout: None, by: by() });
    assert_eq!(ask("answer").await, HookVerdict::Answer { content: "42".into(), by: by() });
    assert_eq!(ask("table").await, HookVerdict::Answer { content: r#"{"n":42}"#.into(), by: by() });
    assert_eq!(ask("mutate").await, HookVerdict::Pass);
    let HookVerdict::Rewrite { args, then, .. } = ask("rewrite").await else { panic!("no rewrite") };
    assert_eq!(args["was"], "fs.read");
    assert_eq!(*then, HookVerdict::Deny { reason: "second: deny".into(), by: "init.lua:18".into() });
    for (a, said) in [
        ("raise", "init.lua:12: oops"),
        ("true", "returned a boolean"),
        ("odd", "is no verdict and has no args"),
        ("slow", "stopped after 200 ms"),
        ("late", "stopped after 200 ms"),
    ] {
        let HookVerdict::Deny { reason, by } = ask(a).await else { panic!("{a}") };
        assert!(
            reason.contains(said) && reason.contains("init.lua:2") && by == "init.lua:2",
            "{a}: {reason}"
        );
    }
    generation.handle.shutdown().await;
    let HookVerdict::Deny { reason, .. } = ask("nothing").await else {
        panic!("a host that ended must deny")
    };
    assert!(reason.contains("has ended"), "{reason}");
}

#[tokio::test]
async fn observers_are_told_in_order_and_cannot_hurt_each_other() {
    let generation = start(
        r#"
        SEEN = {}
        pista.on("turn.end", function(turn) error("first") end)
        pista.on("turn.end", function(turn) pista.sleep(0.001) SEEN[#SEEN + 1] = "a" .. turn.n end)
        pista.on("tool.end", function(t) SEEN[#SEEN + 1] = "t" .. t.n end)
        pista.on("turn.end", function(turn) SEEN[#SEEN + 1] = "b" .. turn.n end)
        "#,
    )
    .await;
    let hooks = hooks(&generation);
    assert!(hooks.observes("turn.end") && hooks.observes("tool.end") && !hooks.observes("turn.start"));
    hooks.emit("turn.end", json!({ "n": 1 }));
    hooks.emit("tool.end", json!({ "n": 2 }));
    hooks.emit("turn.start", json!({ "n": 3 }));
    hooks.emit("turn.end", json!({ "n": 4 }));
    for _ in 0..500 {
        if eval(&generation, "#SEEN").await == "5" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(eval(&generation, "table.concat(SEEN, ' ')").await, "\"a1 b1 t2 a4 b4\"");
}

#[tokio::test]
async fn observers_finish_before_the_host_ends() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let source = Source::Embedded {
        name: "init.lua".into(),
        text: "pista.on('shutdown', function() pista.sleep(0.01) print('bye', 1, nil) end)".into(),
    };
    let options = HostOptions {
        print: Some(Arc::new(move |line: &str| sink.lock().unwrap().push(line.to_owned()))),
        ..options()
    };
    let generation = ScriptHost::start(source, options).await.unwrap();
    hooks(&generation).emit("shutdown", json!({}));
    generation.handle.shutdown().await;
    assert_eq!(*lines.lock().unwrap(), ["bye\t1\tnil"]);
    generation.handle.shutdown().await;
    let Outcome::Error(error) = generation.handle.eval("1", limit(100)).await.outcome else {
        panic!("it answered")
    };
    assert_eq!(error.message, "the script host has ended");
}

// Providers ----------------------------------------------------------------------------------

async fn chat(
    provider: &LuaProvider,
    messages: &[Message],
    tools: &[ToolSpec],
) -> (Result<openpista::domain::chat::ChatResponse, ChatError>, Vec<String>) {
    let mut pieces = Vec::new();
    let mut sink = |delta| match delta {
        Delta::Text(text) => pieces.push(text),
        other => panic!("{other:?}"),
    };
    let request = ChatRequest { model: "mine/small", system: "sys", messages, tools, max_tokens: None };
    let response = provider.chat(request, &mut sink).await;
    (response, pieces)
}

#[tokio::test]
async fn a_provider_can_be_a_function() {
    let generation = start(
        r#"
        local function provider(name, chat) pista.provider(name, { chat = chat, timeout = 0.3, price = { input = 1, output = 2 } }) end
        provider("mine", function(request, emit)
          emit("Hel") pista.sleep(0.001) emit("lo")
          local last = request.messages[#request.messages]
          assert(request.model == "small" and request.system == "sys" and last.role == "tool" and last.status == "ok")
          assert(request.messages[2].tool_calls[1].id == last.tool_call_id and request.messages[2].tool_calls[1].arguments.x == 1)
          assert(request.tools[1].name == "t" and request.tools[1].parameters.type == "object")
          return { text = "Hello, " .. last.content, tool_calls = { { name = "t", args = { y = {} }, id = "wire" } },
            usage = { input = 1000, output = 500 } }
        end)
        provider("text", function() return "just text" end)
        provider("fails", function(_, emit) emit("x") error("no model") end)
        provider("odd", function() return { txt = "x" } end)
        provider("slow", function() pista.sleep(10) end)
        "#,
    )
    .await;
    let provider =
        |name: &str| LuaProvider::new(generation.handle.clone(), &generation.plan.providers[name]).unwrap();
    let mut call = ToolCall::new("t", Default::default());
    call.args.insert("x".into(), json!(1));
    let result = ToolResult::new(&call, ToolStatus::Ok, "world");
    let messages = [
        Message::user("hi"),
        Message::Assistant(AssistantMessage { calls: vec![call], ..AssistantMessage::default() }),
        Message::Tool(result),
    ];
    let tools = [ToolSpec {
        name: "t".into(),
        description: "d".into(),
        parameters: json!({ "type": "object" }).into(),
        effect: Effect::Read,
    }];
    let (response, pieces) = chat(&provider("mine"), &messages, &tools).await;
    let response = response.unwrap();
    assert_eq!(
        (pieces.concat(), response.message.text.as_str(), response.model.as_str()),
        ("Hello, world".into(), "Hello, world", "mine/small")
    );
    assert_eq!(pieces[..2], ["Hel", "lo"]);
    assert_eq!(
        (response.message.calls[0].name.as_str(), &response.message.calls[0].args["y"]),
        ("t", &json!({}))
    );
    assert_eq!(response.message.calls[0].extras["id"], "wire");
    assert_eq!(
        (response.usage.total(), response.usage.usd, response.usage.estimated),
        (1500, Some(0.002), false)
    );
    let (response, pieces) = chat(&provider("text"), &messages, &[]).await;
    let response = response.unwrap();
    assert_eq!(
        (response.message.text.as_str(), &pieces[..], response.usage.estimated),
        ("just text", &["just text".to_owned()][..], true)
    );
    for (name, said) in [
        ("fails", "init.lua:13: no model"),
        ("odd", "the answer of the provider odd: unknown key \"txt\" (did you mean \"text\"?)"),
        ("slow", "stopped after 300 ms"),
    ] {
        let (response, _) = chat(&provider(name), &messages, &[]).await;
        let error = response.unwrap_err();
        let ChatError::AllFailed(attempts) = &error else { panic!("{error:?}") };
        assert!(attempts[0].message.contains(said), "{name}: {error}");
    }
}

// The prompt ---------------------------------------------------------------------------------

#[tokio::test]
async fn lines_are_evaluated_in_the_live_vm() {
    let generation = start("local hidden = 1\nfunction shown() return hidden end\nCONFIG = 7").await;
    for (code, expected) in [
        ("1 + 1", "2"),
        ("return 1, 'a', nil", "1, \"a\", nil"),
        ("x = 5", ""),
        ("x * CONFIG", "35"),
        ("shown", "function(init.lua:2)"),
        ("print", "function(built in)"),
        ("pista.setup", "function(built in)"),
        (
            "{ 1, 2, a = { b = true }, ['a b'] = 1, [10] = 'x', ['end'] = 0 }",
            "{ 1, 2, [\"a b\"] = 1, [\"end\"] = 0, [10] = \"x\", a = { b = true } }",
        ),
        ("{}", "{}"),
        ("'a\\n\\0\\xff\"'", "\"a\\n\\x00\\xff\\\"\""),
        ("local t = {} t.t = t return t", "{ t = <circle> }"),
        ("{{{{{{{{}}}}}}}}", "{ { { { { { {…} } } } } } }"),
        ("1e300, 0.5, 2^53, 1/0", "1e+300, 0.5, 9.007199254741e+15, inf"),
        ("pista.secret('env:MY_KEY'), pista.json.null", "secret(env:MY_KEY), pista.json.null"),
        (
            "setmetatable({ 1 }, { __tostring = function() error('x') end, __index = error, __pairs = error })",
            "{ 1 }",
        ),
        ("nil", "nil"),
        ("", ""),
        ("for i = 1, 3 do", "incomplete"),
        ("x = {", "incomplete"),
        ("'abc", "incomplete"),
        ("x = = 1", "error: repl:1: unexpected symbol near '='"),
        ("error('mine')", "error: repl:1: mine"),
    ] {
        assert_eq!(eval(&generation, code).await, expected, "{code}");
    }
    let long = eval(&generation, "local t = {} for i = 1, 1e6 do t[i] = i end return t").await;
    assert!(long.len() < 10_000 && long.contains("… 999900 more"), "{}", long.len());
    let wide =
        eval(&generation, "local t = {} for i = 1, 90 do t[i] = ('x'):rep(900) end return { t, t, t, t, t }")
            .await;
    assert!(wide.len() < 400_000, "{}", wide.len());
    let Evaluation { printed, outcome } =
        generation.handle.eval("print('a', 1) print({} ~= nil) return 'b'", limit(1000)).await;
    assert_eq!((printed.as_str(), outcome), ("a\t1\ntrue\n", Outcome::Values(Some("\"b\"".into()))));
    let failed = generation.handle.eval("print('before') error('x')", limit(1000)).await;
    assert_eq!(failed.printed, "before\n");
}

#[tokio::test]
async fn names_are_completed() {
    let generation = start("mytable = { alpha = 1, beta = { gamma = function() end, delta = 2 } }").await;
    let complete = async |prefix: &str| generation.handle.complete(prefix).await;
    assert_eq!(complete("pista.lo").await, ["pista.log"]);
    assert_eq!(
        complete("pista.log.").await,
        ["pista.log.debug", "pista.log.error", "pista.log.info", "pista.log.warn"]
    );
    assert_eq!(complete("myt").await, ["mytable"]);
    assert_eq!(complete("mytable.beta:").await, ["mytable.beta:gamma"]);
    assert_eq!(complete("nothing.at.all").await, Vec::<String>::new());
    assert!(complete("").await.contains(&"pista".to_owned()));
}

#[tokio::test]
async fn a_quick_start_is_quick() {
    // What an init.lua of 300 lines costs. Printed, not asserted: other work shares the machine.
    let text: String = (0..100)
        .map(|i| format!("pista.tool {{ name = 'tool{i}', description = 'x',\n  parameters = {{ a = 'string' }},\n  run = function(args) return args.a end }}\n"))
        .collect();
    let mut times = Vec::new();
    for _ in 0..20 {
        let began = std::time::Instant::now();
        let generation = start(&text).await;
        times.push(began.elapsed());
        assert_eq!(generation.plan.tools.len(), 100);
        generation.handle.shutdown().await;
    }
    times.sort();
    println!("start with 300 lines: median {:?}, worst {:?}", times[10], times[19]);
}

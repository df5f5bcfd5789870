//! What init.lua adds: tools, models, prompts, observers.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::{Value, json};

fn with(fake: &FakeOpenAi, lua: &str) -> Home {
    let home = Home::with(fake);
    home.init(lua);
    home
}

#[test]
fn a_tool_in_lua() {
    let fake = FakeOpenAi::start([
        Reply::calls([
            ("math_add", json!({"a": 2, "b": 3})),
            ("math_add", json!({"a": 2})),
            ("math_add", json!({"a": 0, "b": 0})),
            ("math_who", json!({})),
        ]),
        Reply::text("five"),
    ]);
    let home = with(
        &fake,
        "pista.tool { name = 'math.add', description = 'Adds.', effect = 'read',
            parameters = { a = 'integer', b = { type = 'integer', description = 'The other.' } },
            run = function(args)
                if args.a == 0 then error('nothing to add') end
                return { sum = args.a + args.b }
            end }
        pista.tool { name = 'math.who', description = 'Who?', effect = 'read',
            run = function(_, context) return context.agent .. ' on ' .. context.channel end }",
    );
    home.say("2 + 3?").ok();
    let requests = fake.requests();
    let tools = requests[0].body["tools"].as_array().expect("tools");
    let add = tools.iter().find(|t| t["function"]["name"] == "math_add").expect("the tool");
    assert_eq!(add["function"]["parameters"]["required"], json!(["a", "b"]));
    assert_eq!(add["function"]["parameters"]["properties"]["b"]["description"], "The other.");
    let results: Vec<&str> =
        requests[1].messages()[3..].iter().filter_map(|m| m["content"].as_str()).collect();
    assert_eq!(results[0], r#"{"sum":5}"#);
    assert!(results[1].contains("\"b\"") || results[1].contains("b "), "{results:?}");
    assert!(results[2].contains("init.lua:4") && results[2].contains("nothing to add"), "{results:?}");
    assert_eq!(results[3], "main on cli");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn a_tool_in_lua_that_acts_needs_leave() {
    let fake = FakeOpenAi::answering(|request| match request.messages().len() {
        2 => Reply::call("launch", json!({})),
        _ => Reply::text("done"),
    });
    let tool =
        "pista.tool { name = 'launch', description = 'Launches.', run = function() return 'launched' end }\n";
    let home = with(&fake, tool);
    home.say("go").ok();
    assert!(fake.requests()[1].last_text().contains("nobody can be asked"));
    home.init(&format!("{tool} pista.agent('main', {{ tools = {{ allow = {{ 'launch' }} }} }})"));
    home.say("go").ok();
    assert_eq!(fake.requests()[3].last_text(), "launched");
}

#[test]
fn a_tool_in_lua_that_never_ends_is_stopped() {
    let fake = FakeOpenAi::start([Reply::call("spin", json!({})), Reply::text("it hung")]);
    let home = with(
        &fake,
        "pista.tool { name = 'spin', description = 'Spins.', effect = 'read', timeout = 0.3,
            run = function() while true do pcall(function() while true do end end) end end }",
    );
    assert_eq!(home.say("go").ok().out, "it hung\n");
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.contains("init.lua:2") && told.contains("300 ms"), "{told}");
}

#[test]
fn a_model_in_lua() {
    let home = Home::new();
    home.init(
        "pista.provider('mine', { chat = function(request, emit)
            local last = request.messages[#request.messages]
            if last.role == 'user' then
                return { tool_calls = { { name = 'fs.list', args = { path = '.' } } } }
            end
            emit('I see: ')
            return { text = 'I see: ' .. last.content:match('zebra[%w.]*'), usage = { input = 10, output = 4 } }
        end })",
    );
    home.write(&home.work().join("zebra.txt"), "");
    let ran = home.run(["run", "--json", "-e", "look"]).ok();
    let events = ran.json();
    let streamed: String = events.iter().filter_map(|e| e["delta"].as_str()).collect();
    assert_eq!(streamed, "I see: zebra.txt");
    let done = events.last().expect("events");
    assert_eq!((&done["text"], &done["rounds"]), (&json!("I see: zebra.txt"), &json!(1)));
    assert_eq!(done["model"], "mine");
    assert_eq!(home.say("look").ok().out, "I see: zebra.txt\n");
}

#[test]
fn a_model_in_lua_that_fails_says_where() {
    let home = Home::new();
    home.init("pista.provider('mine', { chat = function()\n  error('out of ideas')\nend })");
    home.say("hi").code(1).complains(["mine", "init.lua:2", "out of ideas"]);
    home.init("pista.provider('mine', { chat = function() return 7 end })");
    home.say("hi").code(1).complains(["mine", "number"]);
    // The next in the chain answers.
    let fake = FakeOpenAi::start([Reply::text("I can")]);
    home.init(&format!(
        "pista.setup {{ model = 'mine/x' }}
        pista.provider('mine', {{ chat = function() error('no') end, fallback = {{ 'server/m' }} }})
        pista.provider('server', {{ base_url = '{}' }})",
        fake.url()
    ));
    assert_eq!(home.say("hi").ok().out, "I can\n");
}

#[test]
fn prompts_from_text_function_and_hooks() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let system = |home: &Home| {
        home.say("hi").ok();
        let request = fake.requests().pop().expect("a request");
        request.messages()[0]["content"].as_str().expect("a system prompt").to_owned()
    };
    let home = with(&fake, "return");
    assert!(system(&home).contains("Workspace: "), "the engine's own");
    home.init("pista.agent('main', { prompt = 'Be terse.' })");
    assert_eq!(system(&home), "Be terse.");
    home.init(
        "pista.agent('main', { prompt = function(c) return 'Agent ' .. c.agent .. ' on ' .. c.channel end })",
    );
    assert_eq!(system(&home), "Agent main on cli");
    home.init(
        "pista.agent('main', { prompt = 'Base.' })
        pista.hook('prompt', function(p) p.system = p.system .. ' Second.' return p end)
        pista.hook('prompt', { priority = 5 }, function(p) return { system = p.system .. ' First.' } end)
        pista.hook('prompt', function(p) end)
        pista.hook('prompt', function(p) error('broken') end)",
    );
    let ran = home.say("hi").ok().complains(["init.lua:5", "broken"]);
    assert_eq!(ran.out, "hi\n");
    assert_eq!(fake.requests().pop().expect("one").messages()[0]["content"], "Base. First. Second.");
}

#[test]
fn a_prompt_function_that_fails_fails_the_turn() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = with(&fake, "pista.agent('main', { prompt = function()\n error('no prompt today') end })");
    home.say("hi").code(78).complains(["init.lua:2", "no prompt today"]);
    assert_eq!(fake.requests().len(), 0);
}

#[test]
fn observers_see_the_turn() {
    let fake = FakeOpenAi::start([
        Reply::call("fs_list", json!({"path": "."})),
        Reply::text("done"),
        Reply::error(400, "no more"),
    ]);
    let home = with(
        &fake,
        "for _, event in ipairs { 'turn.start', 'llm.start', 'llm.end', 'tool.start', 'tool.end', 'turn.end', 'error' } do
            pista.on(event, function(e)
                pista.log.warn('SEEN ' .. event .. ' ' .. pista.json.encode(e))
            end)
        end
        pista.on('turn.end', function() error('an observer that fails hurts nobody') end)",
    );
    let ran = home.say("look").ok();
    assert_eq!(ran.out, "done\n");
    let seen: Vec<(String, Value)> = seen(&ran.err);
    let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    let order =
        ["turn.start", "llm.start", "llm.end", "tool.start", "tool.end", "llm.start", "llm.end", "turn.end"];
    assert_eq!(names, order, "{}", ran.err);
    for (name, event) in &seen {
        assert!(event["session"].is_string() && event["turn"].is_string(), "{name}: {event}");
        assert_eq!((event["agent"].as_str(), event["channel"].as_str()), (Some("main"), Some("cli")));
    }
    assert_eq!(seen[0].1["text"], "look");
    assert_eq!(seen[3].1["name"], "fs.list");
    assert_eq!(seen[7].1["status"], "done");
    assert!(seen[7].1["usage"]["total"].as_u64() > Some(0));

    let ran = home.say("again").code(1);
    let seen = self::seen(&ran.err);
    let error = seen.iter().find(|(name, _)| name == "error").expect("an error");
    assert!(error.1["message"].as_str().is_some_and(|m| m.contains("no more")), "{}", error.1);
    assert_eq!(seen.last().expect("events").1["status"], "failed");
}

/// The events that an observer logged as `SEEN name {…}`.
fn seen(log: &str) -> Vec<(String, Value)> {
    let entries = log.lines().filter_map(|line| line.split_once("SEEN ")?.1.split_once(' '));
    entries
        .map(|(name, rest)| {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            (name.to_owned(), values.next().expect("a value").expect("JSON"))
        })
        .collect()
}

#[test]
fn modules_beside_init_lua_can_be_required() {
    let fake = FakeOpenAi::start([Reply::text("hi")]);
    let home = with(&fake, "pista.agent('main', { prompt = require('words').greeting })");
    home.say("hi").code(78).complains(["words"]);
    home.write(&home.config().join("lua/words.lua"), "return { greeting = 'Say hello.' }");
    home.say("hi").ok();
    assert_eq!(fake.requests()[0].messages()[0]["content"], "Say hello.");
}

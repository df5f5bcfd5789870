//! Models without an agent.

use crate::{
    fails, shows,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

#[test]
fn a_model_is_asked_bare() {
    let fake = FakeOpenAi::start([Reply::text("Seoul.")]);
    let shown = shows(
        &Home::with(&fake),
        [
            "(function() local a = pista.llm.chat { system = 'One word.', prompt = 'The capital?', max_tokens = 9 } \
          return a.text, a.model, #a.tool_calls, a.usage.total > 0, a.cut end)()",
        ],
    );
    assert_eq!(shown, ["\"Seoul.\", \"server/fake-model\", 0, true, false"]);
    let body = &fake.requests()[0].body;
    assert_eq!(body["messages"][0]["content"], "One word.");
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "The capital?"}));
    assert_eq!(body["messages"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["max_tokens"], 9);
    assert!(body.get("tools").is_none_or(|tools| tools.as_array().is_none_or(Vec::is_empty)), "{body}");
}

#[test]
fn a_conversation_with_tools_goes_back_and_forth() {
    let fake = FakeOpenAi::start([Reply::call("weather", json!({"city": "Jeju"})), Reply::text("Windy.")]);
    let home = Home::with(&fake);
    let ran = home.pipe(
        ["repl"],
        "=m = { { role = 'user', content = 'Weather?' } }\n\
         =t = { { name = 'weather', description = 'x', parameters = { city = 'string' } } }\n\
         =a = pista.llm.chat { messages = m, tools = t }\n\
         =a.tool_calls[1].name, a.tool_calls[1].args.city\n\
         =m[2] = { role = 'assistant', content = a.text, tool_calls = a.tool_calls }\n\
         =m[3] = { role = 'tool', tool_call_id = a.tool_calls[1].id, name = 'weather', content = 'wind' }\n\
         =pista.llm.chat({ messages = m, tools = t }).text\n",
    );
    assert_eq!(ran.ok().out, "\"weather\", \"Jeju\"\n\"Windy.\"\n");
    assert_eq!(fake.refusals(), [""; 0], "the second request keeps the protocol");
    assert_eq!(fake.requests()[1].last_text(), "wind");
}

#[test]
fn what_it_costs_counts_for_the_day() {
    let fake = FakeOpenAi::answering(|_| Reply::text("x".repeat(400)));
    let home = Home::new();
    home.init(&format!(
        "pista.provider('paid', {{ base_url = '{}', model = 'fake-model', price = {{ input = 1000, output = 1000 }} }})
         pista.agent('main', {{ budget = {{ usd_per_day = 0.05 }} }})",
        fake.url()
    ));
    let code = "(function() for n = 1, 100 do local ok, e = pcall(pista.llm.chat, { prompt = 'hi' }) \
                if not ok then return n > 1, e.kind, e.message:match('usd_per_day') end end end)()";
    assert_eq!(shows(&home, [code]), ["true, \"denied\", \"usd_per_day\""]);
    let asked = fake.requests().len();
    assert!(asked > 0);
    // The agent's own turns see what was spent, also in the next program.
    home.say("hello").code(1).complains(["usd_per_day"]);
    assert_eq!(fake.requests().len(), asked);
}

#[test]
fn failures_and_mistakes_are_told_apart() {
    let fake = FakeOpenAi::answering(|_| Reply::error(401, "no such key"));
    let home = Home::with(&fake);
    let (kind, message) = fails(&home, "pista.llm.chat { prompt = 'x' }");
    assert_eq!(kind, "model");
    assert!(message.contains("no such key"), "{message}");
    for (code, word) in [
        ("pista.llm.chat {}", "prompt"),
        ("pista.llm.chat { promt = 'x' }", "prompt"),
        ("pista.llm.chat { messages = { { role = 'system', content = 'x' } } }", "system = "),
        ("pista.llm.chat { messages = { { role = 'robot', content = 'x' } } }", "robot"),
        ("pista.llm.chat { messages = { { role = 'tool', content = 'x' } } }", "name"),
        ("pista.llm.chat { prompt = 'x', tools = { { description = 'y' } } }", "name"),
    ] {
        let (kind, message) = fails(&home, code);
        assert_eq!(kind, "usage", "{code}: {message}");
        assert!(message.contains(word), "{code}: {message}");
    }
}

#[test]
fn a_provider_that_asks_itself_comes_to_an_end() {
    let home = Home::new();
    home.init("pista.provider('mirror', { chat = function(r) return pista.llm.chat { prompt = 'again' }.text end })");
    let (kind, message) = fails(&home, "pista.llm.chat { prompt = 'x' }");
    assert_eq!(kind, "model");
    assert!(message.contains("under way"), "{message}");
}

#[test]
fn the_providers_are_listed() {
    let home = Home::new();
    home.init(
        "pista.provider('a', { base_url = 'http://127.0.0.1:1/v1', model = 'small', context_window = 4096 })
         pista.provider('b', { chat = function() return 'x' end })
         pista.setup { model = 'b/large' }",
    );
    let code = "(function() local t = {} for _, m in ipairs(pista.llm.models()) do \
                t[m.provider] = m.model .. (m.default and '!' or '') .. tostring(m.context_window) end return t.a, t.b end)()";
    assert_eq!(shows(&home, [code]), ["\"a/small4096\", \"b/large!nil\""]);
}

//! Turns in a spec: the real engine, with a model that says what the spec says.

use super::{failure, passes, under};

#[test]
fn a_turn_tells_what_happened() {
    passes(
        r#"local r = pista.test.turn { text = "Seoul?", user = "ada", channel = "telegram",
          model = {
            { text = "Let me see", tool_calls = { { name = "weather", args = { city = "Seoul" } } } },
            { text = "It is sunny.", usage = { input = 7, output = 3 } },
          } }
        expect(r.text).to_be("It is sunny.")
        expect(r.calls).to_have_length(1)
        expect(r.calls[1]).to_include { name = "weather", args = { city = "Seoul" }, status = "ok", content = "sunny in Seoul" }
        expect(r.requests).to_have_length(2)
        expect(r.requests[1].system).to_contain("Be kind.")
        expect(r.requests[2].messages[3]).to_include { role = "tool", content = "sunny in Seoul" }
        expect(r.rounds).to_be(1)
        expect(r.usage.output).to_be_greater_than(2)
        expect(r.events[1].type).to_be("start")
        expect(r.events[#r.events].type).to_be("done")
        expect(r.error).to_be_nil()"#,
    );
}

#[test]
fn conversations_go_on() {
    passes(
        r#"local first = pista.test.turn { text = "one", model = "1" }
        local second = pista.test.turn { text = "two", model = "2", session = first.session }
        expect(second.session).to_be(first.session)
        expect(second.requests[1].messages).to_have_length(3)
        local other = pista.test.turn { text = "three", model = "3" }
        expect(other.requests[1].messages).to_have_length(1)"#,
    );
}

#[test]
fn other_agents_and_people() {
    passes(
        r#"local r = pista.test.turn { text = "x", agent = "other", user = "grace", model = "y" }
        expect(r.requests[1].system).to_contain("You speak to grace")"#,
    );
    assert!(
        failure(r#"pista.test.turn { text = "x", agent = "nobody", model = "y" }"#)
            .contains("there is no agent \"nobody\"")
    );
}

#[test]
fn the_policy_is_the_real_one() {
    passes(
        r#"local function run(argv, approve)
          return pista.test.turn { text = "x", approve = approve, tools = { ["system.run"] = "done" },
            model = { { tool_calls = { { name = "system.run", args = { argv = argv } } } }, "ok" } }
        end
        expect(run({ "git", "status" }).calls[1].status).to_be("ok")
        local r = run({ "ls" })
        expect(r.calls[1].status).to_be("denied")
        expect(r.calls[1].reason).to_contain("init.lua:4")
        expect(r.asked).to_have_length(1)
        expect(run({ "ls" }, "no").calls[1].reason).to_contain("said no")
        expect(run({ "ls" }, "yes").calls[1].content).to_be("done")
        local seen
        run({ "ls" }, function(call) seen = call return true end)
        expect(seen).to_include { name = "system.run", args = { argv = { "ls" } }, channel = "test", user = "tester" }
        expect(run({ "ls" }, "always").calls[1].status).to_be("ok")
        expect(run({ "ls" }).calls[1].status).to_be("ok")
        local denied = pista.test.turn { text = "x", model = { { tool_calls = {
          { name = "fs.write", args = { path = "a", content = "b" } } } }, "ok" } }
        expect(denied.calls[1].reason).to_contain("not allowed")"#,
    );
}

#[test]
fn the_policy_can_be_asked() {
    passes(
        r#"local access, rule, place, because = pista.test.policy("fs.write", { path = "a", content = "b" }, { as = "telegram:42" })
        expect(access).to_be("deny")
        expect(rule).to_be("fs.write")
        expect(place).to_be("init.lua:4")
        expect(because).to_contain("not allowed")
        expect((pista.test.policy("system.run", { argv = { "ls" } }))).to_be("ask")
        expect((pista.test.policy("system.run", { argv = { "git", "push" } }))).to_be("allow")
        expect((pista.test.policy("weather", { city = "x" }))).to_be("allow")"#,
    );
    assert!(
        failure(r#"pista.test.policy("weather", {}, { as = "me" })"#).contains("expected \"channel:user\"")
    );
}

#[test]
fn tools_are_called_as_the_model_would() {
    passes(
        r#"expect(pista.test.call_tool("weather", { city = "Oslo" })).to_include { ok = true, content = "sunny in Oslo" }
        expect(pista.test.call_tool("weather", { town = "Oslo" }).status).to_be("error")
        expect(pista.test.call_tool("fs.write", { path = "a", content = "b" }).status).to_be("denied")
        local r = pista.test.call_tool("fs.read", { path = "a" }, { tools = { ["fs.read"] = { content = "text", data = { 1 } } } })
        expect(r).to_include { content = "text", data = { 1 } }"#,
    );
}

#[test]
fn answers_that_are_missing_fail_the_spec() {
    let told = failure(
        r#"pcall(pista.test.turn, { text = "x", model = {} }) pista.test.turn { text = "x", model = { { tool_calls = { { name = "weather", args = { city = "Rome" } } } } } }"#,
    );
    assert!(
        told.contains("asked once more than model has answers (1)") && told.contains("\"sunny in Rome\""),
        "{told}"
    );
    assert!(
        failure(r#"pista.test.turn { text = "x" }"#)
            .contains("there is no network in a spec: say what the model answers")
    );
}

#[test]
fn models_can_be_functions_and_can_fail() {
    passes(
        r#"local r = pista.test.turn { text = "x", model = function(request)
          return { text = request.messages[#request.messages].content .. "!" }
        end }
        expect(r.text).to_be("x!")
        local failed = pista.test.turn { text = "x", model = { { error = "overloaded" } } }
        expect(failed.text).to_be_nil()
        expect(failed.error).to_contain("overloaded")
        expect(failed.error_kind).to_be("model")"#,
    );
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (body, words) in [
        (r#"pista.test.turn { text = "x", modle = "y" }"#, "unknown key \"modle\" (did you mean \"model\"?)"),
        (r#"pista.test.turn { model = "y" }"#, "text"),
        (
            r#"pista.test.turn { text = "x", model = { { txt = "y" } } }"#,
            "model[1]: unknown key \"txt\" (did you mean \"text\"?)",
        ),
        (
            r#"pista.test.turn { text = "x", model = { { tool_calls = { { nam = "y" } } } } }"#,
            "a tool call is",
        ),
        (r#"pista.test.turn { text = "x", model = 3 }"#, "a list of answers or a function, not a number"),
        (
            r#"pista.test.turn { text = "x", model = "y", tools = { ["fs.raed"] = "z" } }"#,
            "no tool \"fs.raed\" (did you mean \"fs.read\"?)",
        ),
        (
            r#"pista.test.turn { text = "x", model = "y", tools = { ["fs.read"] = { contnt = "z" } } }"#,
            "did you mean \"content\"?",
        ),
        (
            r#"pista.test.turn { text = "x", model = "y", approve = "maybe" }"#,
            "\"yes\", \"no\", \"always\" or a function",
        ),
        (r#"pista.test.given { modle = "y" }"#, "did you mean \"model\"?"),
    ] {
        let told = failure(body);
        assert!(told.contains(words), "{words:?} in {told}");
    }
}

#[test]
fn hooks_and_observers_have_run_when_a_turn_is_over() {
    let init = r#"
      seen = {}
      pista.on("turn.end", function(turn) pista.sleep(60) seen[#seen + 1] = turn.status end)
      pista.hook("prompt", function(p) p.system = p.system .. " Hooked." return p end)
      pista.hook("message", function(m) if m.text == "drop" then return false end end)
    "#;
    under(
        init,
        r#"it("sees them", function()
          local before = pista.test.time.now()
          local r = pista.test.turn { text = "x", model = "y" }
          expect(seen).to_equal({ "done" })
          expect(r.requests[1].system).to_contain("Hooked.")
          expect(pista.test.time.now() - before).to_be(60)
        end)"#,
    )
    .ok();
}

#[test]
fn providers_in_lua_answer_by_themselves_and_servers_do_not() {
    let init = r#"
      pista.provider("cheap", { chat = function(request) return { text = "cheap says " .. #request.messages } end })
      pista.provider("cloud", { base_url = "http://127.0.0.1:9/v1", price = { input = 1000000, output = 0 } })
      pista.setup { model = "cloud/big" }
      pista.agent("small", { model = "cheap/x" })
      pista.agent("dear", { budget = { usd_per_day = 10 } })
    "#;
    under(
        init,
        r#"it("answers", function()
          expect(pista.test.turn { text = "x", agent = "small" }.text).to_be("cheap says 1")
          expect(pista.test.turn { text = "x", agent = "small", model = "scripted" }.text).to_be("scripted")
          expect(function() pista.test.turn { text = "x" } end).to_raise("no network in a spec")
        end)
        it("knows prices", function()
          local r = pista.test.turn { text = "x", agent = "dear", model = "y" }
          expect(r.error_kind).to_be("budget")
        end)"#,
    )
    .ok();
}

//! What handlers do by themselves meets the same stand-ins.

use super::{failure, passes, under};

#[test]
fn recordings_are_texts_tables_lists_and_functions() {
    passes(
        r#"local call = { tool_calls = { { name = "fs.read", args = { path = "a.txt" } } } }
        local function run(recording)
          return pista.test.turn { text = "x", model = { call, call, "ok" }, tools = { ["fs.read"] = recording } }.calls
        end
        expect(run("text")[2].content).to_be("text")
        local list = run({ "first", { status = "error", content = "second" } })
        expect(list[1].content).to_be("first")
        expect(list[2]).to_include { status = "error", content = "second" }
        local made = run(function(args, ctx) return args.path .. " for " .. ctx.user end)
        expect(made[1].content).to_be("a.txt for tester")
        expect(run({ data = { a = 1 } })[1].content).to_be('{"a":1}')"#,
    );
    let told = failure(
        r#"local call = { tool_calls = { { name = "fs.read", args = { path = "a" } } } } pista.test.turn { text = "x", model = { call, call, "ok" }, tools = { ["fs.read"] = { "once" } } }"#,
    );
    assert!(told.contains("fs.read was called once more than results are recorded (1)"), "{told}");
}

#[test]
fn arguments_are_checked_before_a_recording_answers() {
    passes(
        r#"local r = pista.test.turn { text = "x", tools = { ["fs.read"] = "never seen" },
          model = { { tool_calls = { { name = "fs.read", args = { pth = "a" } } } }, "ok" } }
        expect(r.calls[1].status).to_be("error")
        expect(r.calls[1].content).to_contain("path")"#,
    );
}

#[test]
fn tools_in_lua_run_and_can_be_recorded() {
    passes(
        r#"local model = { { tool_calls = { { name = "weather", args = { city = "Rome" } } } }, "ok" }
        expect(pista.test.turn { text = "x", model = model }.calls[1].content).to_be("sunny in Rome")
        local r = pista.test.turn { text = "x", model = model, tools = { weather = "rain" } }
        expect(r.calls[1].content).to_be("rain")"#,
    );
}

#[test]
fn what_a_handler_asks_for_is_answered_by_what_is_given() {
    let init = r#"
      pista.tool { name = "disk", description = "Disk.", run = function()
        local ran = pista.system.run({ "df", "-h" })
        local answer = pista.ask_agent("main", "Is " .. ran.stdout .. " much?")
        return ran.exit_code .. ": " .. answer .. " at " .. os.date("!%Y-%m-%d", os.time())
      end, effect = "read" }
    "#;
    let spec = r#"it("asks", function()
      pista.test.time.set(1000000000)
      pista.test.given { model = { "Not much." }, tools = { ["system.run"] = { stdout = "42%" } } }
      local r = pista.test.call_tool("disk")
      expect(r.content).to_be("0: Not much. at 2001-09-09")
      expect(pista.test.requests()[1].messages[1].content).to_be("Is 42% much?")
    end)
    it("forgets", function()
      expect(function() pista.test.call_tool("disk") end).to_raise("nothing runs in a spec")
    end)"#;
    let ran = under(init, spec).ok();
    assert!(ran.out.ends_with("2 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn time_stands_still() {
    passes(
        r#"local now = pista.test.time.now()
        expect(pista.test.time.now()).to_be(now)
        pista.sleep(3600)
        expect(pista.test.time.now()).to_be(now + 3600)
        pista.test.time.advance(60)
        expect(os.time()).to_be(math.floor(now + 3660))
        pista.test.time.set(0)
        expect(os.date("!%Y")).to_be("1970")"#,
    );
    assert!(failure("pista.test.time.advance('x')").contains("expected seconds"));
}

#[test]
fn what_primitives_reach_is_answered_by_what_is_given() {
    let init = r#"
      pista.tool { name = "digest", description = "Digest.", effect = "read", run = function()
        local page = pista.http.request { url = "http://127.0.0.1:9/feed", method = "POST", json = { n = 1 } }
        local text = pista.llm.chat { prompt = "Sum up: " .. page.json.title }.text
        pista.kv.set("last", pista.time.now())
        pista.kv.incr("runs")
        return text .. " " .. pista.fs.read("a.txt") .. " " .. tostring(pista.notify("done"))
      end }
    "#;
    let spec = r#"it("reaches nothing", function()
      pista.test.time.set(1000000000)
      pista.test.given { model = { "Short." }, tools = {
        ["fs.read"] = "the file",
        ["http.get"] = function(args)
          expect(args).to_equal { url = "http://127.0.0.1:9/feed", method = "POST", body = '{"n":1}' }
          return { data = { json = { title = "News" } } }
        end,
      } }
      local r = pista.test.call_tool("digest")
      expect(r.content).to_be("Short. the file false")
      expect(pista.test.requests()[1].messages[1].content).to_be("Sum up: News")
      expect(pista.kv.get("last")).to_be(1000000000)
    end)
    it("begins with an empty memory", function() expect(pista.kv.get("runs")).to_be_nil() end)
    it("misses a recording", function()
      pista.test.given { model = { "x" } }
      expect(pista.test.call_tool("digest").status).to_be("error")
    end)"#;
    let ran = under(init, spec);
    assert!(ran.out.contains("http.get"), "{ran:?}");
    assert_eq!(ran.code, Some(1), "a call without a recording fails the spec: {ran:?}");
    assert!(ran.out.contains("2 passed") && ran.out.contains("1 failed"), "{ran:?}");
}

//! Commands, channels and jobs in a spec.

use super::under;

const INIT: &str = r#"
pista.agent("main", { tools = { ask = { "system.run" } } })
pista.command("deploy", { help = "Deploys." }, function(ctx, args)
  if args[1] == "prod" and ctx.user ~= "ada" then error("only ada deploys to prod") end
  local ran = pista.system.run({ "deploy", args[1] })
  pista.send("chat:ops", ctx.user .. " deployed " .. args[1])
  return "deployed: " .. ran.stdout
end)
pista.channel("chat", { users = { "ada", 42 }, send = function() error("never called in a spec") end })
pista.hook("outbound", function(m) m.text = m.text .. " (sent)" return m end)
pista.cron("digest", { at = "0 8 * * 1-5", tz = "Asia/Seoul", to = "chat:ada" }, function(ctx)
  return os.date("!%H:%M", ctx.scheduled) .. ": " .. pista.ask_agent("main", "What is new?")
end)
done = {}
pista.on("cron.done", function(event) done[#done + 1] = event.outcome end)
"#;

#[track_caller]
fn passes(body: &str) {
    let ran = under(INIT, &format!("it(\"x\", function()\n{body}\nend)"));
    assert!(ran.code == Some(0) && ran.out.ends_with("1 passed, 0 failed\n"), "{body}\n{ran:#?}");
}

#[test]
fn commands_run_without_the_model() {
    passes(
        r#"local r = pista.test.command("/deploy test", { user = "bob", tools = { ["system.run"] = { stdout = "v7" } } })
        expect(r.text).to_be("deployed: v7")
        expect(r.error).to_be_nil()
        expect(r.sent).to_equal({ { to = "chat:ops", text = "bob deployed test (sent)" } })
        expect(r.requests).to_have_length(0)
        expect(pista.test.command("/deploy prod", { user = "bob" }).error).to_contain("only ada")
        expect(function() pista.test.command("/deplyo x") end).to_raise('there is no command "/deplyo" (did you mean "/deploy"?)')
        expect(function() pista.test.command("deploy") end).to_raise("begins with /")
        expect(function() pista.test.command("/deploy x") end).to_raise("nothing runs in a spec")"#,
    );
}

#[test]
fn messages_by_channels_are_answered() {
    passes(
        r#"local r = pista.test.receive("chat", { from = "ada", text = "Hello" }, { model = "Hi, ada" })
        expect(r.status).to_be("accepted")
        expect(r.sent).to_equal({ { to = "chat:ada", text = "Hi, ada (sent)" } })
        expect(r.requests[1].messages[1].content).to_contain("Hello")
        local again = pista.test.receive("chat", { from = "ada", text = "More" }, { model = "Yes?" })
        expect(again.requests[1].messages).to_have_length(3)
        expect(pista.test.sent()).to_have_length(2)
        local other = pista.test.receive("chat", { from = "eve", text = "Hello" }, { model = "never" })
        expect(other.status).to_be("refused")
        expect(other.reason).to_contain("may not speak")
        expect(other.sent).to_have_length(0)
        pista.test.receive("chat", { from = "42", conversation = "room", text = "x", id = "7" }, { model = "once" })
        expect(pista.test.receive("chat", { from = "42", conversation = "room", text = "x", id = "7" }).status).to_be("seen")
        local command = pista.test.receive("chat", { from = "ada", text = "/deploy prod" }, { tools = { ["system.run"] = { stdout = "v8" } } })
        expect(command.sent).to_contain({ to = "chat:ada", text = "deployed: v8 (sent)" })
        expect(function() pista.test.receive("caht", { from = "ada", text = "x" }) end).to_raise('did you mean "chat"?')"#,
    );
}

#[test]
fn an_answer_that_fails_is_told() {
    passes(
        r#"local r = pista.test.receive("chat", { from = "ada", text = "Hello" }, { model = { { error = "overloaded" } } })
        expect(r.sent[1].text).to_contain("overloaded")"#,
    );
}

#[test]
fn jobs_run_at_any_time() {
    passes(
        r#"local r = pista.test.cron("digest", { at = 1764025200, model = "Nothing." })
        expect(r).to_include { outcome = "ok", text = "23:00: Nothing." }
        expect(r.sent).to_equal({ { to = "chat:ada", text = "23:00: Nothing. (sent)" } })
        expect(done).to_equal({ "ok" })
        expect(pista.test.time.now()).to_be(1764025200)
        expect(pista.test.cron("digest", { model = { { error = "no" } } }).outcome).to_be("failed")
        expect(function() pista.test.cron("digets") end).to_raise('there is no job "digets" (did you mean "digest"?)')"#,
    );
}

#[test]
fn the_next_run_of_a_job_is_known() {
    // From a Friday noon in Seoul to Monday at eight.
    passes(r#"expect(pista.test.next_run("digest", 1764298800)).to_equal(1764543600)"#);
}

#[test]
fn what_is_sent_to_the_terminal_is_kept() {
    passes(
        r#"pista.send("repl", "hello")
        expect(pista.test.sent()).to_equal({ { to = "repl", text = "hello" } })
        expect(function() pista.send("nowhere:1", "x") end).to_raise("there is no channel")"#,
    );
}

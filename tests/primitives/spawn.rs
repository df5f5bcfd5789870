//! Tasks beside handlers.

use crate::{
    fails,
    script_support::{eval, start},
    shows,
    support::program::Home,
};

#[test]
fn a_task_runs_beside_and_is_waited_for() {
    let shown = shows(
        &Home::new(),
        [
            "(function() local order = {} local t = pista.spawn(function(...) pista.sleep(0.01) order[#order + 1] = 'task' return ... end, 1, nil, 'x') \
             order[#order + 1] = 'after' local a, b, c = t:wait() return table.concat(order, ' '), a, b, c, t.status end)()",
            "(function() local t = pista.spawn(function() return 7 end) return t:wait(), t:wait(), tostring(t) end)()",
        ],
    );
    assert_eq!(shown, ["\"after task\", 1, nil, \"x\", \"done\"", "7, 7, \"task\""]);
}

#[test]
fn an_error_in_a_task_is_logged_with_its_line_and_raised_where_it_is_waited_for() {
    let home = Home::new();
    home.init(
        "function go()\n  return pista.spawn(function()\n    pista.sleep(0)\n    error('broke')\n  end)\nend",
    );
    let ran = home.pipe(["repl"], "=task = go()\n=select(2, pcall(task.wait, task)).line\n=task.status\n");
    assert_eq!(ran.out, "4\n\"failed\"\n");
    ran.ok().complains(["a task failed", "init.lua:4", "broke"]);
}

#[test]
fn a_task_can_be_cancelled() {
    let shown = shows(
        &Home::new(),
        [
            "(function() local closed local t = pista.spawn(function() \
             local x <close> = setmetatable({}, { __close = function() closed = true end }) pista.sleep(3600) end) \
             pista.sleep(0) t:cancel() local ok, e = pcall(t.wait, t) return ok, e.kind, t.status, closed end)()",
            "(function() local t = pista.spawn(function() return 1 end) t:wait() t:cancel() return t:wait() end)()",
        ],
    );
    assert_eq!(shown, ["false, \"cancelled\", \"cancelled\", true", "1"]);
}

#[test]
fn the_program_does_not_wait_for_tasks() {
    let ran = Home::new().pipe(["repl"], "=pista.spawn(function() pista.sleep(3600) end).status\n").ok();
    assert_eq!(ran.out, "\"running\"\n");
}

#[test]
fn a_task_that_never_waits_is_stopped_and_one_that_does_is_not() {
    let home = Home::new();
    let ran = home.pipe(
        ["repl"],
        "=t = pista.spawn(function() while true do pcall(function() while true do end end) end end)\n\
         =select(2, pcall(t.wait, t)).kind\n",
    );
    assert_eq!(ran.out, "\"timeout\"\n");
    ran.ok().complains(["a task failed", "repl:1"]);
}

#[test]
fn only_so_many_run_at_once() {
    let shown = shows(
        &Home::new(),
        [
            "(function() local n = 0 while true do local ok, e = pcall(pista.spawn, function() pista.sleep(3600) end) \
             if not ok then return n, e.kind end n = n + 1 end end)()",
        ],
    );
    assert_eq!(shown, ["64, \"denied\""]);
    // Those that have ended make room.
    let code = "(function() for _ = 1, 200 do pista.spawn(function() end):wait() end return 1 end)()";
    assert_eq!(shows(&Home::new(), [code]), ["1"]);
}

#[test]
fn misuse_is_told() {
    let home = Home::new();
    for (code, word) in [
        ("pista.spawn('x')", "a function, not a string"),
        ("pista.spawn()", "a function, not nil"),
        ("pista.spawn(print).wait()", "with a colon"),
        ("pista.spawn(print).cancel(1)", "with a colon"),
    ] {
        let (kind, message) = fails(&home, code);
        assert_eq!(kind, "usage", "{code}: {message}");
        assert!(message.contains(word), "{code}: {message}");
    }
}

#[tokio::test]
async fn tasks_end_when_another_configuration_takes_over() {
    let generation = start("function go() task = pista.spawn(function() pista.sleep(3600) end) end").await;
    assert_eq!(eval(&generation, "go()").await, "");
    assert_eq!(eval(&generation, "task.status").await, "\"running\"");
    generation.handle.retire().await.expect("an answer");
    let waited =
        eval(&generation, "(function() local ok, e = pcall(task.wait, task) return ok, e.kind end)()").await;
    assert_eq!(waited, "false, \"cancelled\"");
    let refused = eval(&generation, "pcall(go)").await;
    assert!(refused.contains("another configuration has taken over"), "{refused}");
    generation.handle.shutdown().await;
}

//! describe, it and their kin: order, ends, exit codes.

use super::{
    INIT, spec,
    support::program::{Home, until},
    under,
};

#[test]
fn what_passes_exits_0_and_what_fails_1() {
    let ran = spec("describe('a', function() it('b', function() expect(1).to_be(1) end) end)").ok();
    assert!(ran.out.contains("ok      a_spec.lua › a › b"), "{}", ran.out);
    assert!(ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
    let ran = spec("it('b', function() expect(1).to_be(2) end) it('c', function() end)").code(1);
    assert!(ran.out.contains("FAILED  a_spec.lua › b (a_spec.lua:1)"), "{}", ran.out);
    assert!(ran.out.ends_with("1 passed, 1 failed\n"), "{}", ran.out);
}

#[test]
fn what_runs_around_cases_runs_in_order() {
    let ran = spec(
        r#"
        local log = {}
        local function note(word) return function() log[#log + 1] = word end end
        before_each(note "b1") after_each(note "a1")
        describe("in", function()
          before_each(note "b2") after_each(note "a2")
          it("fails", function() log[#log + 1] = "x" error("on purpose") end)
          it("sees", function()
            expect(table.concat(log, " ")).to_equal("b1 b2 x a2 a1 b1 b2")
          end)
        end)
        it("sees the rest", function()
          expect(table.concat(log, " ")).to_equal("b1 b2 x a2 a1 b1 b2 a2 a1 b1")
        end)
        "#,
    )
    .code(1);
    assert!(ran.out.ends_with("2 passed, 1 failed\n"), "{}", ran.out);
    assert!(ran.out.contains("on purpose"), "{}", ran.out);
}

#[test]
fn a_failure_around_a_case_is_the_cases() {
    let ran = spec("after_each(function() error('too late') end) it('a', function() end)").code(1);
    assert!(ran.out.contains("too late"), "{}", ran.out);
    let ran =
        spec("before_each(function() error('too early') end) it('a', function() print('not reached') end)")
            .code(1);
    assert!(ran.out.contains("too early") && !ran.out.contains("not reached"), "{}", ran.out);
}

#[test]
fn what_is_pending_is_skipped_and_counted() {
    let ran = spec(
        "it('later') pending('broken', function() error('x') end) skip('slow')
         it('not now', function() skip('no time') error('y') end) it('runs', function() end)",
    )
    .ok();
    assert!(ran.out.ends_with("1 passed, 0 failed, 4 skipped\n"), "{}", ran.out);
    assert!(
        ran.out.contains("not now (no time)") && ran.out.contains("later (not written yet)"),
        "{}",
        ran.out
    );
}

#[test]
fn each_case_has_its_deadline() {
    let home = Home::new();
    home.init(INIT);
    home.write(
        &home.config().join("a_spec.lua"),
        "it('spins', function() while true do end end)\nit('hides', function() while true do pcall(error, 'x') end end)\n\
         it('goes on', function() end)",
    );
    let ran = home.run(["test", "--timeout", "0.2"]).code(1);
    assert_eq!(ran.out.matches("stopped after 200 ms").count(), 2, "{}", ran.out);
    assert!(ran.out.ends_with("1 passed, 2 failed\n"), "{}", ran.out);
}

#[test]
fn each_case_has_an_engine_of_its_own_and_each_file_a_vm() {
    let home = Home::new();
    home.init("count = 0\npista.hook('prompt', function(p) count = count + 1 p.system = 'call ' .. count return p end)");
    let spec = "it('%', function()
      local r = pista.test.turn { text = 'hi', session = 'same', model = 'hello' }
      expect(r.requests[1].messages).to_have_length(1)
      again = (again or 0) + 1
      expect(r.requests[1].system).to_be('call ' .. again)
    end)\n";
    home.write(&home.config().join("a_spec.lua"), &(spec.replace('%', "a") + &spec.replace('%', "b")));
    home.write(&home.config().join("b_spec.lua"), &spec.replace('%', "c"));
    let ran = home.run(["test"]).ok();
    assert!(ran.out.ends_with("3 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn specs_share_modules_with_the_configuration() {
    let home = Home::new();
    home.init("local names = require('lib.names')\npista.agent('main', { prompt = names.greeting })");
    home.write(&home.config().join("lib/names.lua"), "return { greeting = 'Good day' }");
    home.write(
        &home.config().join("spec/a_spec.lua"),
        "local names = require('lib.names')
         it('greets', function()
           names.greeting = 'changed'
           expect(pista.test.turn { text = 'x', model = 'y' }.requests[1].system).to_be('Good day')
         end)",
    );
    home.run(["test"]).ok();
}

#[test]
fn a_file_that_does_not_load_is_a_failure() {
    let ran = spec("it('a', function()").code(1);
    assert!(ran.out.contains("a_spec.lua:1") && ran.out.ends_with("0 passed, 1 failed\n"), "{}", ran.out);
    let ran = spec("describe('a', function() error('oops') end)").code(1);
    assert!(ran.out.contains("oops"), "{}", ran.out);
    let ran = spec("describe('a', function() it('b', 3) end)").code(1);
    assert!(ran.out.contains("it: the second argument is a function, not a number"), "{}", ran.out);
    let ran = spec("pista.test.turn { text = 'x' }").code(1);
    assert!(ran.out.contains("pista.test.turn: only inside it(…)"), "{}", ran.out);
    let ran = spec("it('a', function() it('b', function() end) end)").code(1);
    assert!(ran.out.contains("it: not inside it(…)"), "{}", ran.out);
}

#[test]
fn an_init_lua_that_does_not_load_exits_78() {
    let ran = under("pista.agnet('main')", "it('a', function() end)").code(78);
    assert!(ran.err.contains("init.lua:1"), "{}", ran.err);
}

#[test]
fn what_is_printed_is_told_with_failures_alone() {
    let ran =
        spec("it('a', function() print('from a', 1) error('x') end) it('b', function() print('from b') end)")
            .code(1);
    assert!(ran.out.contains("| from a\t1") && !ran.out.contains("from b"), "{}", ran.out);
}

#[test]
fn an_interrupt_ends_it_and_leaves_nothing_behind() {
    let home = Home::new();
    let temp = home.work().join("temp");
    std::fs::create_dir(&temp).expect("a directory");
    let home = home.env("TMPDIR", temp.display().to_string());
    home.init(INIT);
    home.write(&home.config().join("a_spec.lua"), "it('spins', function() while true do end end)");
    let running = home.start(["test", "--timeout", "60"], "");
    let files = || temp.read_dir().expect("it is there").count();
    assert!(until(|| files() > 0), "it did not begin");
    running.signal("INT");
    running.wait().code(130);
    assert_eq!(files(), 0, "files were left behind");
}

#[test]
fn a_hundred_specs_are_quick() {
    // Printed, not asserted: other work shares the machine.
    let text: String = (0..100)
        .map(|i| format!("it('{i}', function() expect(pista.test.turn {{ text = 'x', model = 'y' }}.text).to_be('y') end)\n"))
        .collect();
    let began = std::time::Instant::now();
    let ran = spec(&text).ok();
    println!("100 specs of one turn each: {:?}", began.elapsed());
    assert!(ran.out.ends_with("100 passed, 0 failed\n"), "{}", ran.out);
}

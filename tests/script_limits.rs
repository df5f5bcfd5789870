//! Scripts that run away: each ends at its deadline, and the host goes on answering.

mod script_support;

use openpista::script::{ErrorKind, HostOptions, Limits, Outcome, ScriptHost, Source};
use script_support::{eval, limit, load, options, runaways::RUNAWAYS, start};
use std::time::{Duration, Instant};

/// How late a deadline may be noticed before it counts as a hang.
const LATE: Duration = Duration::from_secs(20);

/// Things that a guard refuses at once, with what it says.
const REFUSED: &[(&str, &str)] = &[
    ("table.move({}, 1, math.maxinteger - 1, 2)", "more than 10000000 elements"),
    ("table.move({}, -1, math.maxinteger - 1, 2)", "more than 10000000 elements"),
    (
        "table.concat(setmetatable({}, { __index = table.concat }), '', 1, math.maxinteger)",
        "more than 10000000",
    ),
    ("table.sort(setmetatable({}, { __len = function() return 1 << 40 end }))", "more than 1000000 elements"),
    ("local t = SPARSE() table.insert(t, 1, 1)", "more than"),
    ("local t = SPARSE() table.remove(t, 1)", "more than"),
    ("local t = SPARSE() table.sort(t, rawequal)", "more than"),
    ("table.unpack({}, 1, 1e8)", "too many results"),
    ("string.rep('x', 1 << 40)", "resulting string too large"),
    ("string.rep('', 10, ('x'):rep(1 << 24))", "too large"),
    ("setmetatable({}, { __gc = function() while true do end end })", "__gc is not available"),
    ("collectgarbage('collect')", "only \"count\""),
    ("os.getenv('HOME')", "pista.env"),
    ("assert(load('\\27Lua'))", "binary chunk"),
    ("assert(load('return 1', 'x', 'b'))", "only text"),
    ("assert(load(('x'):rep(5 << 20)))", "longer than"),
    ("getmetatable('').__index = nil", "attempt to index a string value"),
    ("coroutine.wrap(function() pista.sleep(1) end)()", "pista.sleep can't be used inside a coroutine"),
    ("table.sort({ 1, 2, 3 }, function() pista.sleep(1) end)", "can't wait"),
    ("setmetatable({}, { __index = function() pista.sleep(-1) end }).x = 1 error('fine')", "fine"),
];

#[tokio::test]
async fn every_runaway_ends_and_the_host_goes_on() {
    let generation = start("").await;
    for (name, code) in RUNAWAYS {
        let began = Instant::now();
        let outcome = generation.handle.eval(*code, limit(100)).await.outcome;
        let took = began.elapsed();
        assert!(took < LATE, "{name}: came back after {took:?}");
        match outcome {
            Outcome::Error(error) => {
                // A pattern may reach its step budget before the deadline, and a reader the
                // longest source.
                let early = error.message.contains("pattern too complex");
                assert!(error.kind == ErrorKind::Timeout || early, "{name}: {error:?}");
            }
            Outcome::Values(_) if name.starts_with("load reader") => {}
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(eval(&generation, "1 + 1").await, "2", "after {name}");
        let waits = "pista.sleep(0.001) return coroutine.wrap(function() return ('x'):rep(3) end)()";
        assert_eq!(eval(&generation, waits).await, "\"xxx\"", "after {name}");
        assert!(!generation.handle.health().stuck, "{name}");
    }
    // The limits hold again after all that: no coroutine has lost its hook.
    for _ in 0..40 {
        let outcome = generation.handle.eval("while true do end", limit(20)).await.outcome;
        assert!(matches!(outcome, Outcome::Error(error) if error.kind == ErrorKind::Timeout));
    }
}

#[tokio::test]
async fn what_no_hook_can_stop_is_refused() {
    let generation = start("").await;
    // A table without a metatable, with few entries and an enormous length.
    let sparse = "function SPARSE() for n = 3, 200 do local t = {} for i = 62, 1, -1 do t[1 << i] = 1 end \
                  for i = 1, n do t[i] = 1 end if #t > 1 << 40 then return t end end end";
    assert_eq!(eval(&generation, sparse).await, "");
    assert_eq!(eval(&generation, "#SPARSE() > 1 << 40").await, "true");
    for (code, reason) in REFUSED {
        let began = Instant::now();
        let outcome = generation.handle.eval(*code, limit(5_000)).await.outcome;
        assert!(began.elapsed() < LATE, "{code}");
        match outcome {
            Outcome::Error(error) => assert!(error.message.contains(reason), "{code}: {error}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    for code in ["string.rep('', math.maxinteger)", "string.rep('x', -1)", "string.rep('', 3, '')"] {
        assert_eq!(eval(&generation, code).await, "\"\"", "{code}");
    }
}

#[tokio::test]
async fn what_is_dangerous_is_absent() {
    let generation = start("").await;
    let absent = [
        "io",
        "debug",
        "package",
        "dofile",
        "loadfile",
        "warn",
        "string.dump",
        "os.exit",
        "os.execute",
        "os.remove",
        "os.rename",
        "os.tmpname",
        "os.setlocale",
    ];
    for name in absent {
        assert_eq!(eval(&generation, name).await, "nil", "{name}");
    }
    for name in ["os.time", "os.date", "os.clock", "os.difftime", "utf8.char", "math.floor", "table.pack"] {
        assert_eq!(eval(&generation, &format!("type({name})")).await, "\"function\"", "{name}");
    }
}

#[tokio::test]
async fn a_configuration_that_never_ends_fails_to_load() {
    let source =
        Source::Embedded { name: "init.lua".into(), text: "local x = 1\nwhile true do x = x + 1 end".into() };
    let options = HostOptions { load_limit: Duration::from_millis(100), ..options() };
    let failure = ScriptHost::start(source, options).await.unwrap_err();
    assert_eq!(failure.error.kind, ErrorKind::Timeout);
    assert_eq!(failure.to_string(), "init.lua:2: stopped after 100 ms");
}

#[tokio::test]
async fn effects_and_waiting_have_no_place_in_loading() {
    let failure = load("local a = 1\npista.sleep(1)").await.unwrap_err();
    assert_eq!(failure.to_string(), "init.lua:2: pista.sleep: only inside a handler; loading only declares");
}

#[tokio::test]
async fn memory_is_limited_and_the_host_goes_on() {
    let source = Source::Embedded { name: "init.lua".into(), text: "".into() };
    let options = HostOptions { memory_limit: 8 << 20, ..options() };
    let generation = ScriptHost::start(source, options).await.unwrap();
    let bombs = [
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "return ('x'):rep(1 << 25)",
        "return ('x'):rep(1 << 20):gsub('x', ('y'):rep(100))",
        "local t = {} for i = 1, 1e7 do t[i] = i end",
    ];
    // One that a script catches is its own business.
    assert_eq!(
        eval(&generation, "select(2, pcall(string.rep, 'x', 1 << 25))").await,
        "\"not enough memory\""
    );
    assert!(!generation.handle.health().poisoned);
    for bomb in bombs {
        let outcome = generation.handle.eval(bomb, limit(10_000)).await.outcome;
        match outcome {
            Outcome::Error(error) => assert!(
                error.kind == ErrorKind::Memory || error.message.contains("too large"),
                "{bomb}: {error:?}"
            ),
            other => panic!("{bomb}: {other:?}"),
        }
        assert_eq!(eval(&generation, "#('x'):rep(1000)").await, "1000", "after {bomb}");
    }
    assert!(generation.handle.health().poisoned);
}

#[tokio::test]
async fn waiting_costs_no_running_time() {
    let generation = start("").await;
    let limits = Limits { cpu: Duration::from_millis(100), wall: Duration::from_secs(30) };
    let slept = generation.handle.eval("for i = 1, 5 do pista.sleep(0.05) end return 'rested'", limits).await;
    assert_eq!(slept.outcome, Outcome::Values(Some("\"rested\"".into())));
    let looped = "pista.sleep(0.01) while true do end";
    let Outcome::Error(error) = generation.handle.eval(looped, limits).await.outcome else {
        panic!("it ended")
    };
    assert_eq!(error.message, "stopped after 100 ms");
}

#[tokio::test]
async fn calls_that_wait_do_not_hold_up_others() {
    let generation = start("").await;
    let handle = generation.handle.clone();
    let slow = tokio::spawn(async move { handle.eval("pista.sleep(30)", limit(60_000)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(eval(&generation, "'quick'").await, "\"quick\"");
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test]
async fn dropping_a_call_stops_it() {
    let generation = start("").await;
    let forever = generation.handle.eval("while true do end", limit(3_600_000));
    assert!(tokio::time::timeout(Duration::from_millis(100), forever).await.is_err());
    let began = Instant::now();
    assert_eq!(eval(&generation, "'free again'").await, "\"free again\"");
    assert!(began.elapsed() < LATE);
    let waiting = generation.handle.eval(
        "closed = false local x <close> = setmetatable({}, { __close = function() closed = true end }) pista.sleep(3600)",
        limit(3_600_000),
    );
    assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
    for _ in 0..200 {
        if eval(&generation, "closed").await == "true" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the dropped call still waits");
}

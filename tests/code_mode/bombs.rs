//! Programs that run away, blow up or flood: each ends at its limit, with words.

use crate::{
    rig::{Echo, error, limited, program, returned, start},
    script_support::runaways::RUNAWAYS,
    support::program::PROGRAM,
};
use openpista::sandbox::{
    Exit,
    lua::{Broken, Done, MAX_CALLS, MAX_PRINTED, MAX_RETURNED, run},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// How late a deadline may be noticed before it counts as a hang.
const LATE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_runaway_ends_by_itself() {
    for (name, code) in RUNAWAYS.iter().filter(|(_, code)| !code.contains("pista.")) {
        let began = Instant::now();
        let (ended, _) = limited(code, 100).await;
        assert!(began.elapsed() < LATE, "{name}");
        match ended {
            Ok(Done { error: Some(error), timed_out, .. }) => {
                let early = error.contains("pattern too complex") || error.contains("outside a coroutine");
                assert!(timed_out || early, "{name}: {error}");
            }
            // What a program returns in the end is its own business: a reader that was cut short.
            Ok(Done { error: None, .. }) if name.starts_with("load reader") => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn memory_bombs_run_out_of_memory() {
    for bomb in [
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "return ('x'):rep(1 << 30)",
        "return ('x'):rep(1 << 20):gsub('x', ('y'):rep(100))",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
        "local s = ('x'):rep(1 << 20) local t = {} while true do t[#t + 1] = s:upper() .. #t end",
        "local t = {} while true do t[#t + 1] = fs.read{x=('y'):rep(1 << 18)} t[#t + 1] = ('z'):rep(1 << 20) .. #t end",
    ] {
        let (ended, _) = program(bomb).await;
        match ended {
            Ok(Done { error: Some(error), .. }) => {
                assert!(error.contains("not enough memory") || error.contains("too large"), "{bomb}: {error}")
            }
            other => panic!("{bomb}: {other:?}"),
        }
    }
    // One that the program catches is its own business, and it goes on.
    assert_eq!(
        returned("local ok, e = pcall(string.rep, 'x', 1 << 26) return ok, e, 1 + 1").await,
        "false\nnot enough memory\n2"
    );
}

/// The limits are those of every sandbox.
#[tokio::test]
async fn a_run_may_be_given_less_memory() {
    let mut job = start("return #('x'):rep(8 << 20)", 10_000);
    let ended = run(Path::new(PROGRAM), &job, &mut Echo::default()).await.expect("an end");
    assert_eq!((ended.exit(), ended.returned.as_deref()), (Exit::Done, Some("8388608")));
    job.limits.memory_bytes = Some(4 << 20);
    let ended = run(Path::new(PROGRAM), &job, &mut Echo::default()).await.expect("an end");
    assert_eq!(ended.exit(), Exit::OutOfMemory, "{ended:?}");
}

/// Values that share their parts: little in Lua, enormous when written out.
#[tokio::test]
async fn what_grows_when_it_is_written_out_is_refused() {
    let shared = "local s, t = ('x'):rep(1 << 20), {} for i = 1, 5000 do t[i] = s end ";
    let nested = "local t = {1} for i = 1, 40 do t = {t, t} end ";
    let deep = "local t = {} for i = 1, 100000 do t = {t} end ";
    for make in [shared, nested, deep] {
        let said = error(&format!("{make} fs.read{{x=t}}")).await;
        assert!(
            said.contains("too much") || said.contains("too many") || said.contains("too deeply"),
            "{said}"
        );
        let said = error(&format!("{make} return json.encode(t)")).await;
        assert!(said.contains("too m") || said.contains("too deeply"), "{said}");
        // A returned one is shown in part.
        assert!(returned(&format!("{make} return t")).await.len() <= 4 * MAX_RETURNED);
    }
    let said = error("fs.read{x=('\\0'):rep(1 << 19)}").await;
    assert!(said.contains("arguments are longer than 1048576 bytes"), "{said}");
    let said = error("json.decode('[' .. ('0,'):rep(3 << 20) .. '0]')").await;
    assert!(said.contains("longer than"), "{said}");
    let said = error("json.decode(('['):rep(1000000))").await;
    assert!(said.contains("recursion limit"), "{said}");
}

#[tokio::test]
async fn floods_are_cut_with_a_marker() {
    let (ended, _) = program("for i = 1, 100000 do print('a line of output', i) end return 'end'").await;
    let done = ended.expect("an end");
    assert!(done.printed.len() < MAX_PRINTED + 200, "{}", done.printed.len());
    assert!(done.printed.starts_with("a line of output\t1\n"));
    assert!(done.printed.contains("more bytes were printed …]"), "{}", &done.printed[MAX_PRINTED - 100..]);
    assert_eq!(done.returned.as_deref(), Some("end"));
    let (ended, _) = program("print(('é'):rep(1 << 20)) print('more')").await;
    assert!(ended.expect("an end").printed.contains("more bytes were printed"));
    // The worst that JSON can make of it still fits into a frame.
    let (ended, _) = program("print(('\\0'):rep(1 << 20)) return ('\\1'):rep(1 << 20)").await;
    let done = ended.expect("an end");
    assert_eq!(done.error, None);
    let returned = done.returned.expect("a text");
    assert!(returned.chars().count() <= MAX_RETURNED && returned.contains("left out"), "{}", returned.len());
    let (ended, _) = program("error(('x'):rep(1 << 22))").await;
    assert!(ended.expect("an end").error.expect("an error").len() < 20_000);
}

#[tokio::test]
async fn calls_are_counted() {
    let (ended, echo) = program(
        "local n = 0 while true do local ok, e = pcall(fs.read, {x=n}) \
        if not ok then return n, e.message end n = n + 1 end",
    )
    .await;
    let returned = ended.expect("an end").returned.expect("values");
    assert!(returned.starts_with("200\n") && returned.contains("used up"), "{returned}");
    assert_eq!(echo.0.len(), MAX_CALLS);
}

#[tokio::test]
async fn a_result_that_is_too_long_is_a_failure() {
    let said = error("size{bytes=5 << 20}").await;
    assert!(said.contains("can't be handed over"), "{said}");
    assert_eq!(returned("return #size{bytes=3 << 20}").await, (3 << 20).to_string());
}

#[tokio::test]
async fn a_program_that_is_too_long_is_no_program() {
    let (ended, _) = program(&format!("return 1 --{}", "x".repeat(300 << 10))).await;
    let done = ended.expect("an end");
    assert!(done.error.expect("an error").contains("longer than 262144 bytes"));
    let (ended, _) = program(&"x".repeat(5 << 20)).await;
    assert!(matches!(ended, Err(Broken::Handover(_))), "{ended:?}");
}

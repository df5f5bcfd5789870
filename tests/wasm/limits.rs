//! Guests that want too much: time, memory, output.

use crate::support::{Place, guest, job, within};
use openpista::sandbox::{Exit, Limits};
use std::time::Duration;

const SPIN: &str = "(loop $l (br $l)) i64.const 0";

/// A call of WASI that sleeps for an hour: `poll_oneoff` on a relative clock.
fn sleeper() -> String {
    let run = "(i32.store8 (i32.const 8) (i32.const 0)) (i32.store (i32.const 16) (i32.const 1)) \
        (i64.store (i32.const 24) (i64.const 3600000000000)) \
        (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512))) i64.const 0";
    guest(
        run,
        r#"(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))"#,
    )
}

#[tokio::test]
async fn a_guest_that_spins_is_stopped() {
    let outcome = Place::new().text_within(&guest(SPIN, ""), &within(200)).await;
    assert_eq!(outcome.exit, Exit::TimedOut);
    assert!(outcome.duration >= Duration::from_millis(200), "{outcome:?}");
}

#[tokio::test]
async fn so_is_one_that_waits_in_a_call_of_the_host() {
    let outcome = Place::new().text_within(&sleeper(), &within(200)).await;
    assert_eq!(outcome.exit, Exit::TimedOut, "{outcome:?}");
}

#[tokio::test]
async fn one_that_spins_in_its_start_function_too() {
    let text = guest("i64.const 0", "(func $s (loop $l (br $l))) (start $s)");
    // Imports come first in a module; functions may stand anywhere.
    let outcome = Place::new().text_within(&text, &within(200)).await;
    assert_eq!(outcome.exit, Exit::TimedOut);
}

#[tokio::test]
async fn dropping_the_run_stops_the_guest() {
    let place = Place::new();
    // As many as have a place at once: were one left running, the last would find none.
    for _ in 0..openpista::sandbox::wasm::MAX_AT_ONCE + 4 {
        let limits = within(60_000);
        let run = place.run(job(&guest(SPIN, "")), &limits);
        assert!(tokio::time::timeout(Duration::from_millis(30), run).await.is_err());
    }
    let outcome = place.text_within(&guest(SPIN, ""), &within(100)).await;
    assert_eq!(outcome.exit, Exit::TimedOut);
}

#[tokio::test]
async fn one_that_times_out_disturbs_nobody() {
    let place = Place::new();
    let (spin, sleep) = (guest(SPIN, ""), sleeper());
    let limits = within(400);
    let good = guest("i64.const 0x0000040000000002", r#"(data (i32.const 1024) "{}")"#);
    let long = Limits::default();
    let (a, b, c, d) = tokio::join!(
        place.text_within(&spin, &limits),
        place.text_within(&sleep, &limits),
        place.text_within(&spin, &limits),
        async {
            for _ in 0..20 {
                assert_eq!(place.text_within(&good, &long).await.exit, Exit::Done);
            }
        }
    );
    assert_eq!([a.exit, b.exit, c.exit], [Exit::TimedOut; 3]);
    let () = d;
}

#[tokio::test]
async fn memory_ends_at_its_limit() {
    // Grows until it is refused, then gives up as programs do.
    let text =
        guest("(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable", "");
    let outcome = Place::new().text(&text).await;
    assert_eq!(outcome.exit, Exit::OutOfMemory, "{outcome:?}");
    assert!(outcome.problem.unwrap().contains("64 MiB"));
    // One that asks for too much from the start does not begin.
    let text = guest("i64.const 0", "")
        .replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 2000)");
    assert_eq!(Place::new().text(&text).await.exit, Exit::OutOfMemory);
}

#[tokio::test]
async fn tables_and_fuel_end_too() {
    let place = Place::new();
    let text = guest(
        "(drop (table.grow $t (ref.null func) (i32.const 50000000))) \
         (if (i32.gt_u (table.size $t) (i32.const 100000)) (then unreachable)) i64.const 0x0000040000000002",
        r#"(table $t 1 funcref) (data (i32.const 1024) "{}")"#,
    );
    assert_eq!(place.text(&text).await.exit, Exit::Done);
    let mut job = job(&guest(SPIN, ""));
    job.fuel = Some(1_000_000);
    let outcome = place.run(job, &Limits::default()).await.unwrap();
    assert_eq!((outcome.exit, outcome.problem.unwrap().contains("fuel")), (Exit::TimedOut, true));
}

#[tokio::test]
async fn output_is_cut_and_counted() {
    // Writes 64 KiB a thousand times.
    let run = "(local $i i32) (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536)) \
        (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) \
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 1000)))) \
        (i64.const 0x0001f00000000002)";
    let text = guest(
        run,
        r#"(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
           (data (i32.const 126976) "{}")"#,
    );
    let outcome = Place::new().text(&text).await;
    assert_eq!(outcome.exit, Exit::Done, "{:?}", outcome.problem);
    assert_eq!(outcome.stdout.bytes, 65_536_000);
    assert!(outcome.stdout.left_out > 60_000_000 && outcome.stdout.text.chars().count() <= 10_000);
}

#[tokio::test]
async fn a_hundred_at_once_all_finish() {
    let place = Place::new();
    let text = guest("i64.const 0x0000040000000002", r#"(data (i32.const 1024) "{}")"#);
    let limits = Limits::default();
    let runs = (0..100).map(|_| place.text_within(&text, &limits));
    let outcomes = futures_util::future::join_all(runs).await;
    assert!(outcomes.iter().all(|outcome| outcome.exit == Exit::Done));
}

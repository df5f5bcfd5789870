//! Jobs that run at times.

// Clippy's exception for tests leaves their helpers out.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod bench_of_time;
mod days_by_force;
mod deciding;
mod declaring;
mod delivering;
mod expressions;
mod missing;
mod moving;
mod overlapping;
mod program;
mod reloading;
mod sharing;
mod times;
mod times_by_force;
mod zones;

//! Containers in a real engine. Without one these tests are skipped, and say so, unless
//! `OPENPISTA_TEST_REQUIRE` names `docker` or `all`.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod engine;
mod losing;
mod owning;
mod proving;
mod pulling;
mod rig;
mod stand_in;
mod sweeping;
mod tool;

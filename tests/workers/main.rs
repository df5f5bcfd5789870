//! Workers in a real engine: the built program in containers that have nothing of the machine's but what
//! is mounted. Without an engine these tests are skipped, and say so, unless `OPENPISTA_TEST_REQUIRE`
//! names `docker` or `all`.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../docker/rig.rs"]
#[allow(dead_code)]
mod rig;

mod bounds;
mod commands;
mod ends;
mod limits;
mod pages;
mod stage;
mod tasks;
mod tokens;

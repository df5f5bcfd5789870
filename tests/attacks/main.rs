//! The built program against hostile servers, models, repositories and people.

#[path = "../support/mod.rs"]
mod support;

mod raw;

mod files;
mod names;
mod repository;
mod secrets;
mod server;
mod terminal;

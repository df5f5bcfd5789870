//! Whole turns through the library: the driver with a real memory, gate, registry and router, against
//! a server that keeps the real one's rules.

#[path = "../support/mod.rs"]
mod support;

mod rig;
mod tools;

mod budgets;
mod cancelling;
mod events;
mod long;
mod odd_models;
mod rounds;
mod small;
mod storing;
mod texts;
mod together;
mod waiting;
mod windows;

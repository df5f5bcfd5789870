//! What may run: precedence of rules, known ways around them, and the gate.

#![allow(clippy::unwrap_used)]

#[path = "policy/bypasses.rs"]
mod bypasses;
#[path = "policy/explaining.rs"]
mod explaining;
#[path = "policy/gate.rs"]
mod gate;
#[path = "policy/precedence.rs"]
mod precedence;
#[path = "policy/shapes.rs"]
mod shapes;
#[path = "policy/stand_ins.rs"]
mod stand_ins;

//! What may run: precedence of rules, known ways around them, and the gate.

#[path = "policy/bypasses.rs"]
mod bypasses;
#[path = "policy/gate.rs"]
mod gate;
#[path = "policy/precedence.rs"]
mod precedence;
#[path = "policy/stand_ins.rs"]
mod stand_ins;

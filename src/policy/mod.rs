//! Who may do what. The only module that can make an [`Authorized`] call, so that nothing acts
//! without having passed it: tools take nothing else.
//!
//! [`Policy`] is what the rules say, [`Gate`] what becomes of a call, and [`FloorCheck`] what nothing
//! lifts.

mod asking;
mod authorized;
mod direct;
mod execute;
mod explain;
mod fingerprint;
mod floor;
mod gate;
mod later;
mod pattern;
mod refusal;
mod rules;

pub use authorized::Authorized;
pub use direct::Direct;
pub use execute::{Elsewhere, Executor, KeptText, Nested, NoNested, Scope};
pub use explain::{Decider, Explanation, Outlook};
pub use fingerprint::call_print;
pub use floor::{Floor, FloorCheck};
pub use gate::{Gate, Verdict};
pub use later::{Later, Newer, under_newer};
pub use rules::{Decision, Policy, title};

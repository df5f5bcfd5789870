//! Jobs that run at times.

// Clippy's exception for tests leaves their helpers out.
#![allow(clippy::unwrap_used)]

mod deciding;
mod expressions;
mod times;
mod times_by_force;

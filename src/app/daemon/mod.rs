//! The program that stays, as the rest of the machine sees it: its files, its lock, its manager.

mod files;
mod lock;
mod manager;
mod mark;
mod nearby;
mod rest;

pub use files::{Card, CardError, Files};
pub use lock::{Lock, LockError, holder, released};
pub use manager::Manager;
pub use mark::{Difference, Mark};
pub use nearby::{Nearby, Running};
pub use rest::{REST_AFTER, rest};

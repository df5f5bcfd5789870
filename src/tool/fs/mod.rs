//! Files beneath the workspace: reading, listing, searching, writing, editing.
//!
//! Everything goes through a handle on the workspace that can't be left, by `..`, by symbolic links, or by
//! swapping one for the other meanwhile. What is protected is judged by where a file really is once
//! it is open, not by how its path was spelled.

mod append;
mod bounds;
mod edit;
mod error;
mod list;
mod manage;
mod protected;
mod read;
mod real;
mod search;
mod store;
mod tools;
mod walk;
mod workspace;
mod write;

pub use append::Append;
pub use bounds::Bounds;
pub use edit::{Edit, MAX_EDIT};
pub use error::FsError;
pub use list::{List, MAX_DEPTH, MAX_ENTRIES};
pub use manage::Named;
pub use protected::PROTECTED_NAMES;
pub use read::{DEFAULT_LINES, MAX_READ, Read};
pub use search::{DEFAULT_RESULTS, MAX_LINE, MAX_RESULTS, MAX_SEARCHED, Search};
pub use tools::MAX_TIME;
pub(super) use tools::{for_scripts, tools};
pub use workspace::{Reply, Workspace};
pub use write::Write;

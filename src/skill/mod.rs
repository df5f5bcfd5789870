//! Skills: folders with a `SKILL.md` that tells a model how to do something, and often a program
//! that does it.
//!
//! A skill is inert until its user trusts it: neither its text nor its program reaches a model. Trust
//! is given to the content, by its hash; a change asks again.

mod create;
mod find;
mod front;
mod hash;
mod inspect;
mod library;
mod shelf;
mod shipped;

pub use create::create;
pub use find::{MAX_DEPTH, MAX_ENTRIES, MAX_LINKED_DEPTH, MAX_SKILLS, Root};
pub use front::{Front, MAX_DESCRIPTION, MAX_MANIFEST, MAX_NAME, MAX_TIMEOUT, Mode, Needs, Remark};
pub use hash::{MAX_FILES, MAX_SIZE, fingerprint};
pub use inspect::{Finding, findings};
pub use library::{Library, Problem, Skill, Trust};
pub use shelf::{INDEX_FRESH, Shelf, SkillError};
pub use shipped::Files;

//! The reference of the Lua API, read from the type files that come with the program: what `help()`
//! shows, and what `docs/lua.md` is made of. Knows no Lua.

mod files;
mod help;
mod page;
mod parse;

pub use files::{FILES, STANDARD};
pub use help::help;
pub use page::page;
pub use parse::{Alias, Class, Entry, Field, Function, Member, Module, Parameter, Reference, Return};

use std::sync::LazyLock;

/// The reference of this program.
pub fn reference() -> &'static Reference {
    static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::read(FILES));
    &REFERENCE
}

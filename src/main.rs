//! The program: parses the command line and hands over to the library.

use std::process::ExitCode;

/// Serves many threads at once, and gives back what a burst of messages took.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How it is set: a program that seldom does much at a time has no use for many arenas.
#[allow(unsafe_code)]
// SAFETY: this is the symbol that the allocator reads at its start; a text that ends in NUL, as it wants.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8; 85] =
    b"narenas:2,max_background_threads:1,dirty_decay_ms:1000,muzzy_decay_ms:0,retain:false\0";

fn main() -> ExitCode {
    openpista::sandbox::process::hide_environment();
    openpista::cli::main(openpista::cli::parse()).into()
}

//! The program: parses the command line and hands over to the library.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    openpista::sandbox::process::hide_environment();
    openpista::cli::main(openpista::cli::Cli::parse()).into()
}

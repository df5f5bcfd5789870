//! The WebAssembly sandbox: real modules in the real engine.
#![allow(missing_docs)]

mod abi;
mod limits;
mod shipped;
mod support;

//! Why a module was not run.

use std::path::PathBuf;

/// Why a module was not run.
#[derive(Debug, thiserror::Error)]
pub enum WasmError {
    /// It is something else.
    #[error("this is no WebAssembly module: it does not begin with the bytes of one")]
    NotWasm,
    /// It is a component.
    #[error(
        "this is a WebAssembly component, and a core module is needed: build for wasm32-wasip1 instead of \
         wasm32-wasip2, and don't wrap it"
    )]
    Component,
    /// It is too large.
    #[error("the module has {0} bytes; at most {max} are compiled", max = super::MAX_MODULE)]
    TooLarge(usize),
    /// The engine does not take it.
    #[error("the module can't be compiled: {0}")]
    Compile(String),
    /// Something that the ABI asks for is not there.
    #[error("the module does not export {name} as {expected}; skills/README.md has the ABI")]
    Export {
        /// What is missing.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// It wants something that nobody provides.
    #[error("the module wants an import that is not there: {0}")]
    Import(String),
    /// The workspace can't be shown to it.
    #[error("the workspace {path:?} can't be opened: {message}")]
    Workspace {
        /// The directory.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// The engine could not be started.
    #[error("the WebAssembly engine can't be started: {0}")]
    Engine(String),
}

//! Running modules.

use openpista::sandbox::{
    Keep, Limits,
    wasm::{Job, Wasm, WasmError, WasmOutcome},
};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};

/// Catches hangs only.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) wasm: Wasm,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let wasm = Wasm::new(dir.path().join("cache"));
        Self { dir, wasm }
    }

    pub(crate) fn keep(&self) -> Keep {
        Keep { dir: self.dir.path().join("spill"), filter: None }
    }

    pub(crate) async fn run(&self, job: Job, limits: &Limits) -> Result<WasmOutcome, WasmError> {
        let keep = self.keep();
        let run = self.wasm.run(job, limits, &keep);
        tokio::time::timeout(PATIENCE, run).await.expect("a guest hangs")
    }

    /// Runs a module in the text format.
    pub(crate) async fn text(&self, text: &str) -> WasmOutcome {
        self.text_within(text, &Limits::default()).await
    }

    pub(crate) async fn text_within(&self, text: &str, limits: &Limits) -> WasmOutcome {
        self.run(job(text), limits).await.expect("it can be run")
    }
}

pub(crate) fn job(text: &str) -> Job {
    let module = wat::parse_str(text).expect("a good module");
    Job { module, input: json!({}), workspace: None, fuel: None }
}

pub(crate) fn within(millis: u64) -> Limits {
    Limits { timeout: Duration::from_millis(millis), ..Limits::default() }
}

/// A shipped skill's module.
pub(crate) fn shipped(name: &str, args: &Value, workspace: Option<PathBuf>) -> Job {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("skills").join(name).join("skill.wasm");
    let module = std::fs::read(path).expect("the module");
    let input = json!({"id": "1", "name": name, "args": args});
    Job { module, input, workspace, fuel: None }
}

/// The exports that the ABI asks for, with this body of `run`, and more.
pub(crate) fn guest(run: &str, more: &str) -> String {
    format!(
        r#"(module {more}
          (memory (export "memory") 2)
          (func (export "alloc") (param i32) (result i32) i32.const 1024)
          (func (export "dealloc") (param i32 i32))
          (func (export "run") (param i32 i32) (result i64) {run}))"#
    )
}

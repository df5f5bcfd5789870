//! What belongs to one guest: its view of the world, and its limits.

use super::{WasmError, output::Sink};
use std::path::Path;
use wasmtime::{ResourceLimiter, Store};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, p1::WasiP1Ctx};

/// Instances that a module may make.
pub const MAX_INSTANCES: usize = 1;
/// Elements that its tables may have together.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;
/// The most bytes that one call for random numbers gets.
const MAX_RANDOM: u64 = 64 << 10;
/// The name under which a guest sees the workspace.
const WORKSPACE: &str = "/workspace";

/// The state of a store.
pub(super) struct Guest {
    pub(super) wasi: WasiP1Ctx,
    memory: usize,
    tables: usize,
    /// Whether it was refused memory.
    pub(super) starved: bool,
}

impl Guest {
    pub(super) fn new(
        workspace: Option<&Path>,
        memory: u64,
        stdout: Sink,
        stderr: Sink,
    ) -> Result<Self, WasmError> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout).stderr(stderr).max_random_size(MAX_RANDOM);
        if let Some(path) = workspace {
            wasi.preopened_dir(path, WORKSPACE, FsPerms::ReadOnly).map_err(|error| WasmError::Workspace {
                path: path.to_owned(),
                message: error.to_string(),
            })?;
        }
        Ok(Self {
            wasi: wasi.build_p1(),
            memory: usize::try_from(memory).unwrap_or(usize::MAX),
            tables: 0,
            starved: false,
        })
    }

    /// Puts the limits in force.
    pub(super) fn limit(store: &mut Store<Self>) {
        store.limiter(|guest| guest);
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.memory && maximum.is_none_or(|maximum| desired <= maximum);
        self.starved |= !fits;
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.tables.saturating_sub(current).saturating_add(desired);
        let fits = all <= MAX_TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum);
        if fits {
            self.tables = all;
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        16
    }
}

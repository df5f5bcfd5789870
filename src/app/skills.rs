//! Where the skills of a configuration are.

use super::Loaded;
use crate::{
    sandbox::wasm::Wasm,
    skill::{Root, Shelf},
};
use std::sync::Arc;

/// The directory in the cache where compiled WebAssembly modules are kept.
const COMPILED: &str = "wasm";

/// The shelf: skills in the workspace, and in `skills/` beside `init.lua`.
pub(super) fn shelf(loaded: &Loaded) -> anyhow::Result<Arc<Shelf>> {
    let beside = loaded.located.directory(&loaded.dirs).join("skills");
    let roots = vec![
        Root { path: beside, name: "configuration" },
        Root { path: loaded.workspace(), name: "workspace" },
    ];
    let agents =
        loaded.plan.agents.values().filter_map(|spec| Some((spec.name.clone(), spec.skills.clone()?)));
    Ok(Arc::new(Shelf::new(roots, Arc::new(loaded.memory()?.clone()), agents.collect())))
}

/// The WebAssembly engine, which starts when it is first used.
pub(super) fn wasm(loaded: &Loaded) -> Wasm {
    Wasm::new(loaded.dirs.cache.join(COMPILED))
}

//! Where the skills of a configuration are.

use super::{Loaded, facts, toolset};
use crate::{
    domain::{
        JsonMap,
        approval::Nobody,
        call::{ToolCall, ToolStatus},
        envelope::Origin,
        hook::{NoHooks, TurnContext},
        id::{SessionId, TurnId},
    },
    policy::{Executor, Gate, NoNested, Scope, Verdict},
    sandbox::wasm::Wasm,
    skill::{Root, Shelf},
};
use std::sync::Arc;

/// The directory in the cache where compiled WebAssembly modules are kept.
const COMPILED: &str = "wasm";

/// Where programs of this kind keep the skills of a person, below the home directory.
const OF_THE_USER: &[&str] = &[".agents/skills", ".claude/skills"];

/// The shelf: skills in `skills/` beside `init.lua`, in the workspace, and in the user's own directories.
pub(super) fn shelf(loaded: &Loaded) -> Shelf {
    let beside = loaded.located.directory(&loaded.dirs).join("skills");
    let mut roots = vec![
        Root { path: beside, name: "configuration" },
        Root { path: loaded.workspace(), name: "workspace" },
    ];
    let home = loaded.dirs.home.iter();
    let users = home.flat_map(|home| OF_THE_USER.iter().map(|below| home.join(below)));
    roots.extend(users.map(|path| Root { path, name: "user" }));
    let agents =
        loaded.plan.agents.values().filter_map(|spec| Some((spec.name.clone(), spec.skills.clone()?)));
    Shelf::new(roots, loaded.trust(), agents.collect())
}

/// The WebAssembly engine, which starts when it is first used.
pub(super) fn wasm(loaded: &Loaded) -> Wasm {
    Wasm::new(loaded.dirs.cache.join(COMPILED))
}

/// What the command line does with skills.
pub struct SkillDesk {
    loaded: Loaded,
    shelf: Arc<Shelf>,
}

impl SkillDesk {
    /// On a loaded configuration.
    pub fn open(loaded: Loaded) -> Self {
        Self { shelf: Arc::new(shelf(&loaded).by_hand()), loaded }
    }

    /// The skills.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Runs a skill's program in the user's name; whether it went well, and its text.
    pub async fn run(&self, name: &str, args: JsonMap) -> anyhow::Result<(bool, String)> {
        let registry = toolset::registry(&self.loaded, &self.shelf)?;
        let floor = toolset::floor(&self.loaded);
        let gate = Gate::new(
            Arc::new(NoHooks),
            Arc::new(Nobody),
            Arc::new(self.loaded.memory()?.clone()),
            self.loaded.workspace(),
        );
        let gate = gate.with_floor(floor);
        let mut call = ToolCall::new("skill.run", JsonMap::new());
        call.args.insert("name".into(), name.into());
        call.args.insert("args".into(), args.into());
        let spec = registry.specs().iter().find(|spec| spec.name == call.name);
        let context = TurnContext {
            session: SessionId::from("skills"),
            turn: TurnId::generate(),
            agent: self.loaded.settings.agent.clone(),
            origin: Origin { channel: "cli".into(), user: facts::user(&self.loaded.environment) },
            depth: 0,
        };
        match gate.user_acts(call, spec) {
            Verdict::Authorized { call, .. } => {
                let scope = Scope { context: &context, nested: &NoNested };
                let result = registry.execute(call, scope).await;
                Ok((result.status == ToolStatus::Ok, result.content))
            }
            Verdict::Denied { reason, .. } | Verdict::Answered { content: reason, .. } => Ok((false, reason)),
        }
    }

    /// Ends what was begun.
    pub async fn close(&self) {
        self.loaded.close().await;
    }
}

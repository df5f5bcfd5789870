//! From declared agents to agents that can work.

use super::{Loaded, facts};
use crate::{
    agent::{Facts, system_prompt},
    domain::plan::{AgentSpec, MAIN, Prompt},
    gateway::{AgentEntry, IndexFn, PromptSource, Roster},
    policy::Policy,
    script::prompt_text,
    skill::Shelf,
};
use std::sync::Arc;

/// The agents of the plan, `main` among them.
pub(super) fn build(loaded: &Loaded, default_model: &str, shelf: Option<&Arc<Shelf>>) -> Roster {
    let base = system_prompt(&known(loaded));
    let mut agents = loaded.plan.agents.clone();
    agents.entry(MAIN.to_owned()).or_insert_with(|| AgentSpec::undeclared(MAIN));
    Roster::new(agents.into_values().map(|spec| {
        let entry = AgentEntry {
            // What was chosen for this run goes before what the agent prefers.
            model: match (loaded.chosen("model"), &spec.model) {
                (false, Some(model)) => model.clone(),
                _ => default_model.to_owned(),
            },
            prompt: prompt(loaded, &spec, &base),
            index: shelf.map(|shelf| index(shelf, &spec)),
            policy: Policy::new(spec.rules.clone(), loaded.settings.autonomy),
            budget: spec.budget,
        };
        (spec.name, entry)
    }))
}

/// What the prompt says of the agent's skills. Without it the agent still answers.
fn index(shelf: &Arc<Shelf>, spec: &AgentSpec) -> Arc<IndexFn> {
    let (shelf, agent, own) = (Arc::clone(shelf), spec.name.clone(), spec.prompt != Prompt::Default);
    Arc::new(move || {
        let (shelf, agent) = (Arc::clone(&shelf), agent.clone());
        Box::pin(async move {
            shelf.index(&agent, own).await.unwrap_or_else(|error| {
                tracing::warn!("the skills are left out of the prompt: {error}");
                (String::new(), false)
            })
        })
    })
}

fn prompt(loaded: &Loaded, spec: &AgentSpec, base: &str) -> PromptSource {
    match &spec.prompt {
        Prompt::Default => PromptSource::Text(base.to_owned()),
        Prompt::Text(text) => PromptSource::Text(text.clone()),
        Prompt::Handler(id) => {
            let (script, id) = (loaded.script.clone(), *id);
            PromptSource::Function(Arc::new(move |context| {
                let script = script.clone();
                Box::pin(async move {
                    prompt_text(&script, id, &context).await.map_err(|error| error.to_string())
                })
            }))
        }
    }
}

fn known(loaded: &Loaded) -> Facts {
    Facts {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        user: facts::user(&loaded.environment),
        workspace: loaded.workspace().display().to_string(),
        date: facts::today(),
    }
}

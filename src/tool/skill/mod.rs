//! `skill.load` and `skill.run`: reading a skill, and running its program.

mod program;

use super::{Options, Tool, arguments, container::Profiles};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        arguments::{check, fitted},
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    sandbox::wasm::Wasm,
    skill::{Mode, Shelf, Skill},
};
use program::Programs;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The tools for the skills on a shelf.
pub fn tools(
    shelf: &Arc<Shelf>,
    options: Options,
    wasm: Wasm,
    profiles: Arc<Profiles>,
) -> [Arc<dyn Tool>; 2] {
    let load = Load { spec: load_spec(), shelf: Arc::clone(shelf) };
    let run =
        Run { spec: run_spec(), shelf: Arc::clone(shelf), programs: Programs { options, wasm, profiles } };
    [Arc::new(load), Arc::new(run)]
}

fn load_spec() -> ToolSpec {
    ToolSpec {
        name: "skill.load".into(),
        description: "Reads a skill: instructions for a kind of work, and what its program takes.".into(),
        parameters: json!({
            "type": "object",
            "properties": {"name": {"type": "string", "description": "The skill, as in the list of skills."}},
            "required": ["name"]
        })
        .into(),
        effect: Effect::Read,
    }
}

fn run_spec() -> ToolSpec {
    ToolSpec {
        name: "skill.run".into(),
        description: "Runs the program of a skill. Read the skill first with skill.load.".into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The skill, as in the list of skills."},
                "args": {"type": "object", "description": "What its program takes.", "additionalProperties": true}
            },
            "required": ["name"]
        }).into(),
        effect: Effect::Act,
    }
}

struct Load {
    spec: ToolSpec,
    shelf: Arc<Shelf>,
}

struct Run {
    spec: ToolSpec,
    shelf: Arc<Shelf>,
    programs: Programs,
}

#[derive(Deserialize)]
struct Args {
    name: String,
    #[serde(default)]
    args: JsonMap,
}

fn failed(call: &ToolCall, problem: impl std::fmt::Display) -> ToolResult {
    ToolResult::new(call, ToolStatus::Error, format!("{}: {problem}", call.name))
}

impl Tool for Load {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            let args: Args = match arguments::parse(&call.args) {
                Ok(args) => args,
                Err(problem) => return failed(&call, problem),
            };
            match self.shelf.take(&scope.context.agent, &args.name).await {
                Ok(skill) => ToolResult::new(&call, ToolStatus::Ok, told(&skill)),
                Err(error) => failed(&call, error),
            }
        })
    }
}

/// A skill as a model reads it.
fn told(skill: &Skill) -> String {
    let front = &skill.front;
    let mut text = format!("# Skill {}\n", front.name);
    let needs = &front.needs;
    if !needs.programs.is_empty() {
        text += &format!("Needs: {}\n", needs.programs.join(", "));
    }
    if !needs.one_of.is_empty() {
        text += &format!("Needs one of: {}\n", needs.one_of.join(", "));
    }
    if !needs.variables.is_empty() {
        text += &format!("Reads the environment variables: {}\n", needs.variables.join(", "));
    }
    match (&front.parameters, program::of(skill)) {
        (_, Some(_)) if let Some(why) = &front.blocked => {
            text += &format!("Its program can't be run: {why}\n")
        }
        (_, None) => text += "It has no program: follow what it says.\n",
        (Some(parameters), Some(_)) => text += &format!("Arguments of its program: {parameters}\n"),
        (None, Some(_)) => text += "Its program takes any arguments.\n",
    }
    if let Some(folder) = &skill.folder {
        text += &format!("Its files are in {}\n", folder.display());
    }
    text + "\n" + &front.body
}

impl Tool for Run {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let call = call.into_inner();
            let args: Args = match arguments::parse(&call.args) {
                Ok(args) => args,
                Err(problem) => return failed(&call, problem),
            };
            let skill = match self.shelf.take(&scope.context.agent, &args.name).await {
                Ok(skill) => skill,
                Err(error) => return failed(&call, error),
            };
            if let Some(why) = &skill.front.blocked {
                return failed(
                    &call,
                    format!("the program of the skill {} is not run: {why}", skill.front.name),
                );
            }
            let args = match shaped(&skill, args.args) {
                Ok(args) => args,
                Err(problem) => return failed(&call, problem),
            };
            match skill.front.mode {
                Mode::Wasm => self.programs.wasm(&call, &skill, args).await,
                Mode::Subprocess => self.programs.process(&call, &skill, args).await,
                Mode::Container => self.programs.container(&call, &skill, args, scope.nested).await,
            }
        })
    }
}

/// The arguments in the types that the skill declares.
fn shaped(skill: &Skill, args: JsonMap) -> Result<JsonMap, String> {
    let Some(parameters) = &skill.front.parameters else { return Ok(args) };
    let schema = crate::domain::schema::expand(Some(parameters.clone()))
        .map_err(|(_, problem)| format!("the skill {}: parameters: {problem}", skill.front.name))?;
    let args = fitted(&schema, args);
    check(&schema, &args).map_err(|problem| format!("{}: {problem}", skill.front.name))?;
    Ok(args)
}

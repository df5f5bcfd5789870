//! `pista.agent(name, {…})`: a model, a prompt, and what it may do.

use super::{
    super::{
        errors::ScriptError,
        fields::{Fields, article},
        state::State,
    },
    Api, declaring, name, shown, twice,
};
use crate::domain::{
    plan::{AgentSpec, Budget, Prompt},
    rules::{Access, Match, Rule},
};
use mlua::{Lua, Table, Value};

const WHAT: &str = "pista.agent";

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("agent", agent)
}

fn agent(lua: &Lua, (given, options): (Value, Value)) -> Result<(), ScriptError> {
    let at = declaring(lua, WHAT)?;
    let name = name(at.as_ref(), WHAT, &given)?;
    let state = State::of(lua);
    if let Some(first) = state.plan.borrow().agents.get(&name) {
        return Err(twice(at, WHAT, &name, &first.location));
    }
    let fields =
        Fields::open(lua, at.clone(), WHAT, &options, &["model", "prompt", "tools", "skills", "budget"])?;
    let prompt = match fields.value("prompt")? {
        Value::Nil => Prompt::Default,
        Value::String(text) => Prompt::Text(text.to_string_lossy()),
        Value::Function(function) => Prompt::Handler(state.keep(function)),
        other => {
            return Err(
                fields.wrong("prompt", format!("expected a string or a function, got {}", article(&other)))
            );
        }
    };
    let budget = match fields.table("budget", &["tokens_per_turn", "usd_per_day"])? {
        Some(budget) => Budget {
            tokens_per_turn: budget.count("tokens_per_turn")?,
            usd_per_day: budget.number("usd_per_day")?,
        },
        None => Budget::default(),
    };
    let spec = AgentSpec {
        name: name.clone(),
        model: fields.text("model")?,
        prompt,
        rules: rules(&fields)?,
        skills: if fields.value("skills")?.is_nil() { None } else { Some(fields.texts("skills")?) },
        budget,
        location: shown(at.as_ref()),
    };
    state.plan.borrow_mut().agents.insert(name, spec);
    Ok(())
}

pub(super) fn rules(fields: &Fields) -> Result<Vec<Rule>, ScriptError> {
    let mut rules = Vec::new();
    let Some(tools) = fields.table("tools", &["allow", "ask", "deny"])? else { return Ok(rules) };
    for (key, access) in [("allow", Access::Allow), ("ask", Access::Ask), ("deny", Access::Deny)] {
        for item in tools.list(key)? {
            let matches = match &item {
                Value::String(pattern) => Match::Name(pattern_of(&tools, key, &pattern.to_string_lossy())?),
                Value::Table(entry) => exactly(&tools, key, entry)?,
                other => {
                    let message = format!(
                        "expected names or {{ \"system.run\", argv = {{ … }} }}, got {}",
                        article(other)
                    );
                    return Err(tools.wrong(key, message));
                }
            };
            let word = match &matches {
                Match::Name(pattern) => pattern,
                Match::Argv { tool, .. } => tool,
            };
            let location = shown(tools.place_within(key, word).as_ref());
            rules.push(Rule { access, matches, location });
        }
    }
    Ok(rules)
}

fn pattern_of(tools: &Fields, key: &str, pattern: &str) -> Result<String, ScriptError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
    if pattern.is_empty() || !pattern.chars().all(fits) {
        return Err(tools
            .wrong(key, format!("{pattern:?} is no tool name or pattern, such as \"fs.read\" or \"fs.*\"")));
    }
    Ok(pattern.to_owned())
}

/// `{ "system.run", argv = { "git", "status" } }`.
fn exactly(tools: &Fields, key: &str, entry: &Table) -> Result<Match, ScriptError> {
    const FORM: &str = "an entry for one command is { \"system.run\", argv = { \"git\", \"status\" } }";
    let mut argv = None;
    let mut tool = None;
    for pair in entry.pairs::<Value, Value>() {
        match pair? {
            (Value::Integer(1), Value::String(name)) => tool = Some(name.to_string_lossy()),
            (Value::String(name), Value::Table(words)) if name.to_string_lossy() == "argv" => {
                let words: Vec<Value> = words.sequence_values().collect::<mlua::Result<_>>()?;
                let words: Option<Vec<String>> =
                    words.iter().map(|word| word.as_string().map(|word| word.to_string_lossy())).collect();
                argv = words;
            }
            _ => return Err(tools.wrong(key, FORM)),
        }
    }
    match (tool, argv) {
        (Some(tool), Some(argv)) if !argv.is_empty() => {
            pattern_of(tools, key, &tool)?;
            if tool.contains('*') {
                return Err(tools.wrong(key, format!("{tool:?}: an exact command needs an exact tool name")));
            }
            Ok(Match::Argv { tool, argv })
        }
        _ => Err(tools.wrong(key, FORM)),
    }
}

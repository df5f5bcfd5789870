//! A value threads through the hooks of a point.

use super::{
    super::{
        call::Limits, errors::ScriptError, explain, fields::article, payload, stop, values::to_lua, vm::Vm,
    },
    ScriptHooks,
    chain::Chain,
    returned,
    rules::{self, Kind, Rules},
    text_of,
    tool_call::asked,
};
use crate::domain::{
    JsonMap,
    hook::TurnContext,
    plan::Handler,
    points::{Ending, Point, Threaded},
};
use mlua::{Table, Value};
use serde_json::Value as Json;
use std::sync::Arc;

impl ScriptHooks {
    /// Threads `value` through a chain.
    pub(super) async fn threaded(
        &self,
        point: Point,
        chain: &Chain,
        value: JsonMap,
        context: &TurnContext,
    ) -> Threaded {
        let (hooks, limits, context) = (chain.clone(), self.limits, self.context(context));
        let (original, asking) = (value.clone(), self.asking.clone());
        let asked = self.handle.run(chain.wait(limits.wall), move |vm| async move {
            let rules = rules::of(point);
            let mut threaded = Threaded { value, ending: None };
            let mut outcomes = Vec::new();
            for (index, hook) in hooks.running() {
                let said = one(&vm, &rules, &hook.handler, &threaded.value, &context, limits);
                let Some(said) = explain::asked(asking.as_ref(), &hook.handler, said).await else { continue };
                match said {
                    Ok(Said::Nothing) => {}
                    Ok(Said::Changed(changed)) => threaded.value.extend(changed),
                    Ok(Said::Ended(ending)) => threaded.ending = Some(ending),
                    Err(error) if point.fails_closed() => {
                        let reason = failed(point, &hook.handler.location, &error);
                        threaded.ending = Some(Ending::Failed { reason });
                    }
                    Err(error) => {
                        outcomes.push((index, Some(error)));
                        continue;
                    }
                }
                outcomes.push((index, None));
                if threaded.ending.is_some() {
                    break;
                }
            }
            Ok((threaded, outcomes))
        });
        match asked.await {
            Ok((threaded, outcomes)) => {
                chain.count(&outcomes, &self.handle);
                threaded
            }
            Err(error) => {
                let reason = failed(point, &chain.places(), &error);
                let ending = point.fails_closed().then_some(Ending::Failed { reason });
                Threaded { value: original, ending }
            }
        }
    }
}

fn failed(point: Point, location: &str, error: &ScriptError) -> String {
    let name = point.name();
    tracing::warn!(target: "script", at = location, "a {name} hook failed: {error}");
    format!("the {name} hook at {location} failed: {error}")
}

/// What one hook said.
enum Said {
    Nothing,
    /// These fields have new values.
    Changed(JsonMap),
    Ended(Ending),
}

async fn one(
    vm: &Vm,
    rules: &Rules,
    handler: &Handler,
    value: &JsonMap,
    context: &Arc<TurnContext>,
    limits: Limits,
) -> Result<Said, ScriptError> {
    let function = vm.function(handler.id)?;
    let given = vm.exempt(|| {
        let table = payload::context(&vm.lua, context)?;
        for (key, value) in value {
            table.raw_set(key.as_str(), to_lua(&vm.lua, value)?)?;
        }
        Ok(table)
    })?;
    let said = stop::during(Arc::clone(context), vm.invoke(&function, given, limits)).await?;
    let wrong = |what: String| returned(handler, &format!("{what}; {}", rules.advice));
    match (said, rules.text) {
        (Value::Nil, _) => Ok(Said::Nothing),
        (Value::Boolean(runs), _) if handler.point == Point::Cron.name() => Ok(match runs {
            true => Said::Nothing,
            false => {
                let (reason, by) = ("it returned false".into(), handler.location.clone());
                Said::Ended(Ending::Deny { reason, by })
            }
        }),
        (Value::String(text), Some(field)) => {
            Ok(Said::Changed([(field.to_owned(), text.to_string_lossy().into())].into_iter().collect()))
        }
        (Value::Table(table), _) => match table.raw_get("verdict")? {
            Value::String(verdict) => {
                let verdict = verdict.to_string_lossy();
                if !rules.verdicts.contains(&verdict.as_str()) {
                    return Err(wrong(format!("pista.{verdict}(), which decides nothing here")));
                }
                ending(vm, handler, &verdict, &table).map(Said::Ended)
            }
            _ => fields(rules, &table).map(Said::Changed).map_err(wrong),
        },
        (other, _) => Err(wrong(article(&other))),
    }
}

/// The fields of the returned table that may be changed.
fn fields(rules: &Rules, table: &Table) -> Result<JsonMap, String> {
    let mut changed = JsonMap::new();
    for (field, kind) in rules.fields {
        let value = match (table.raw_get::<Value>(*field).unwrap_or(Value::Nil), kind) {
            (Value::Nil, _) => continue,
            (Value::String(text), Kind::Text) => Json::from(text.to_string_lossy()),
            (Value::Boolean(flag), Kind::Flag) => Json::from(flag),
            (other, _) => return Err(format!("a table whose {field} is {}", article(&other))),
        };
        changed.insert((*field).to_owned(), value);
    }
    Ok(changed)
}

fn ending(vm: &Vm, handler: &Handler, verdict: &str, table: &Table) -> Result<Ending, ScriptError> {
    let by = handler.location.clone();
    let reason = || Ok::<_, ScriptError>(table.raw_get::<Option<String>>("reason")?.unwrap_or_default());
    Ok(match verdict {
        "allow" => Ending::Allow { by },
        "deny" => {
            let reason = Some(reason()?).filter(|reason| !reason.is_empty());
            Ending::Deny { reason: reason.unwrap_or_else(|| "no reason given".into()), by }
        }
        "ask" => {
            let (to, timeout) = asked(&Value::Table(table.clone()))?;
            Ending::Ask { to, timeout, by }
        }
        "drop" => Ending::Drop { reason: reason()?, by },
        _ => {
            let content = text_of(vm, &table.raw_get("result")?).map_err(|what| returned(handler, &what))?;
            Ending::Answer { content, by }
        }
    })
}

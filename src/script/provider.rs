//! Models written in Lua, the demo model among them, as the engine's port to them.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    fields::{Fields, article},
    handle::ScriptHandle,
    payload,
    vm::Vm,
};
use crate::domain::{
    BoxFuture, JsonMap,
    call::ToolCall,
    chat::{Attempt, ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts},
    id::HandlerId,
    message::{AssistantMessage, Message},
    plan::{ProviderKind, ProviderSpec},
    tool::ToolSpec,
    usage::{Usage, estimate_tokens},
};
use mlua::{Function, LuaString, Table, Value};
use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// How long one answer may take when the declaration doesn't say.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
/// How much of that Lua itself may run.
const CPU: Duration = Duration::from_secs(5);
/// The most text of one answer, in bytes.
const MAX_TEXT: usize = 8 << 20;
/// The most tool calls of one answer.
const MAX_CALLS: usize = 128;
/// The longest message of a failed attempt, in characters.
const MAX_MESSAGE: usize = 2_000;
/// The module with the demo model.
const DEMO: &str = "pista.demo";

/// Which function answers.
#[derive(Clone, Copy)]
enum Model {
    Declared(HandlerId),
    /// The one that comes with the program, loaded when it is first asked.
    Demo,
}

/// A provider whose `chat` is a Lua function.
#[derive(Clone)]
pub struct LuaProvider {
    handle: ScriptHandle,
    name: String,
    model: Model,
    limits: Limits,
    facts: ModelFacts,
}

impl LuaProvider {
    /// The provider that `spec` declares; its function lives in the generation of `handle`.
    /// `None` when it is a server.
    pub fn new(handle: ScriptHandle, spec: &ProviderSpec) -> Option<Self> {
        let ProviderKind::Lua { handler, timeout } = spec.kind else { return None };
        Some(Self {
            handle,
            name: spec.name.clone(),
            model: Model::Declared(handler),
            limits: Limits { cpu: CPU.min(timeout), wall: timeout },
            facts: ModelFacts { context_window: spec.context_window, price: spec.price.or(Some((0.0, 0.0))) },
        })
    }

    /// The demo model that comes with the program, under the name `demo`.
    pub fn demo(handle: ScriptHandle) -> Self {
        Self {
            handle,
            name: "demo".into(),
            model: Model::Demo,
            limits: Limits { cpu: CPU, wall: CPU },
            facts: ModelFacts { context_window: None, price: Some((0.0, 0.0)) },
        }
    }

    /// Its name: what stands before the slash in `provider/model`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn answered(&self, answer: Answer, model: String, text: String, asked: u64) -> ChatResponse {
        let (input_price, output_price) = self.facts.price.unwrap_or_default();
        let (input, output) = answer.usage.unwrap_or_else(|| (asked, estimate_tokens(&text)));
        let usd = (input as f64 * input_price + output as f64 * output_price) / 1e6;
        ChatResponse {
            message: AssistantMessage {
                text,
                calls: answer.calls,
                extras: JsonMap::new(),
                origin: self.name.clone(),
            },
            usage: Usage { input, output, usd: Some(usd), estimated: answer.usage.is_none() },
            model,
            cut: false,
        }
    }
}

/// A request that owns what it holds, to cross over to the script thread.
struct Request {
    model: String,
    system: String,
    messages: Vec<Message>,
    tools: Vec<ToolSpec>,
    max_tokens: Option<u32>,
}

/// What `chat` returned.
struct Answer {
    text: Option<String>,
    calls: Vec<ToolCall>,
    usage: Option<(u64, u64)>,
}

impl LlmProvider for LuaProvider {
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(async move {
            let start = Instant::now();
            let prefix = format!("{}/", self.name);
            let asked = request.model.strip_prefix(&prefix).unwrap_or(request.model);
            let model = if asked.is_empty() || asked == self.name {
                self.name.clone()
            } else {
                format!("{prefix}{asked}")
            };
            let read = request.messages.iter().map(|message| estimate_tokens(message.text())).sum::<u64>()
                + estimate_tokens(request.system);
            let owned = Request {
                model: asked.to_owned(),
                system: request.system.to_owned(),
                messages: request.messages.to_vec(),
                tools: request.tools.to_vec(),
                max_tokens: request.max_tokens,
            };
            let (pieces, mut streamed) = mpsc::unbounded_channel();
            let (which, limits, name) = (self.model, self.limits, self.name.clone());
            let call = self.handle.run(limits.wall, move |vm| async move {
                chat(&vm, which, &name, owned, pieces, limits).await
            });
            let mut call = std::pin::pin!(call);
            let mut text = String::new();
            let mut take = |text: &mut String, piece: String| {
                text.push_str(&piece);
                sink(Delta::Text(piece));
            };
            let result = loop {
                tokio::select! {
                    biased;
                    Some(piece) = streamed.recv() => take(&mut text, piece),
                    result = &mut call => break result,
                }
            };
            while let Ok(piece) = streamed.try_recv() {
                take(&mut text, piece);
            }
            let answer = result.map_err(|error| {
                let message = error.to_string().chars().take(MAX_MESSAGE).collect();
                let attempt = Attempt { model: model.clone(), status: None, message, took: start.elapsed() };
                ChatError::AllFailed(vec![attempt])
            })?;
            // What was returned and not emitted is the rest of the answer.
            if let Some(rest) = answer.text.as_deref().and_then(|whole| whole.strip_prefix(text.as_str()))
                && !rest.is_empty()
            {
                let rest = rest.to_owned();
                take(&mut text, rest);
            }
            Ok(self.answered(answer, model, text, read))
        })
    }

    fn facts(&self, _: &str) -> ModelFacts {
        self.facts
    }
}

async fn chat(
    vm: &Vm,
    model: Model,
    name: &str,
    request: Request,
    pieces: mpsc::UnboundedSender<String>,
    limits: Limits,
) -> Result<Answer, ScriptError> {
    let function = match model {
        Model::Declared(id) => vm.function(id)?,
        Model::Demo => demo(vm, limits).await?,
    };
    let emit = emitter(vm, pieces)?;
    let answered = vm.invoke(&function, (vm.exempt(|| table(vm, &request))?, emit), limits).await?;
    answer(vm, name, answered)
}

async fn demo(vm: &Vm, limits: Limits) -> Result<Rc<Function>, ScriptError> {
    let require: Function = vm.lua.globals().get("require")?;
    match vm.invoke(&require, DEMO, limits).await? {
        Value::Table(module) => Ok(Rc::new(module.raw_get("chat")?)),
        _ => Err(ScriptError::new(ErrorKind::Result, "the demo model is not there")),
    }
}

/// `emit(text)`: streams a piece of the answer.
fn emitter(vm: &Vm, pieces: mpsc::UnboundedSender<String>) -> mlua::Result<Function> {
    let left = Cell::new(MAX_TEXT);
    vm.lua.create_function(move |_, text: LuaString| {
        let text = text.to_string_lossy();
        let Some(rest) = left.get().checked_sub(text.len()) else {
            return Err(mlua::Error::runtime(format!("emit: an answer has at most {MAX_TEXT} bytes")));
        };
        left.set(rest);
        if text.is_empty() {
            return Ok(());
        }
        pieces.send(text).map_err(|_| mlua::Error::runtime("emit: nobody listens to this answer any more"))
    })
}

fn table(vm: &Vm, request: &Request) -> mlua::Result<Table> {
    let lua = &vm.lua;
    let table = lua.create_table_with_capacity(0, 5)?;
    table.raw_set("model", request.model.as_str())?;
    table.raw_set("system", request.system.as_str())?;
    table.raw_set("max_tokens", request.max_tokens)?;
    let messages = lua.create_table_with_capacity(request.messages.len(), 0)?;
    for message in &request.messages {
        messages.raw_push(payload::message(lua, message)?)?;
    }
    table.raw_set("messages", messages)?;
    let tools = lua.create_table_with_capacity(request.tools.len(), 0)?;
    for spec in &request.tools {
        tools.raw_push(payload::tool(lua, spec)?)?;
    }
    table.raw_set("tools", tools)?;
    Ok(table)
}

fn answer(vm: &Vm, name: &str, value: Value) -> Result<Answer, ScriptError> {
    let value = match value {
        Value::String(text) => {
            return Ok(Answer { text: Some(text.to_string_lossy()), calls: Vec::new(), usage: None });
        }
        value @ Value::Table(_) => value,
        other => {
            let message =
                format!("the provider {name} returned {}, not a table or a string", article(&other));
            return Err(ScriptError::new(ErrorKind::Result, message));
        }
    };
    let what = format!("the answer of the provider {name}");
    let fields = Fields::open(&vm.lua, None, &what, &value, &["text", "tool_calls", "usage"])?;
    let mut calls = Vec::new();
    for item in fields.list("tool_calls")? {
        if calls.len() == MAX_CALLS {
            return Err(fields.wrong("tool_calls", format!("more than {MAX_CALLS}")));
        }
        calls.push(tool_call(vm, &what, &item)?);
    }
    let usage = match fields.table("usage", &["input", "output"])? {
        Some(usage) => {
            let tokens = |key| Ok::<_, ScriptError>(usage.integer(key)?.unwrap_or(0).max(0) as u64);
            Some((tokens("input")?, tokens("output")?))
        }
        None => None,
    };
    Ok(Answer { text: fields.text("text")?, calls, usage })
}

fn tool_call(vm: &Vm, what: &str, item: &Value) -> Result<ToolCall, ScriptError> {
    let what = format!("{what}: tool_calls");
    let fields = Fields::open(&vm.lua, None, &what, item, &["name", "args", "id"])?;
    let args = match fields.json("args", super::values::Secrets::Refused)? {
        None => JsonMap::new(),
        Some(serde_json::Value::Object(args)) => args,
        Some(_) => return Err(fields.wrong("args", "expected a table with named keys")),
    };
    let mut call = ToolCall::new(fields.required("name")?, args);
    if let Some(id) = fields.text("id")? {
        call.extras.insert("id".into(), id.into());
    }
    Ok(call)
}

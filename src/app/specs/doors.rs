//! What stands for the outside: each asks a function of the spec.

use super::DOOR_LIMIT;
use crate::{
    domain::{
        BoxFuture, JsonMap,
        approval::{Approval, ApprovalRequest, Approver, Ruling},
        call::{ToolCall, ToolResult, ToolStatus},
        chat::{ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts},
        id::HandlerId,
        plan::{ProviderKind, ProviderSpec},
        tool::ToolSpec,
    },
    llm::Router,
    policy::{Authorized, Scope},
    script::{Doors, Limits, LuaProvider, ScriptHandle},
    tool::Tool,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What answers where the spec has no answers for the model.
const NO_MODEL: &str =
    "there is no network in a spec: say what the model answers with model = { { text = \"…\" } }";

const LIMITS: Limits = Limits::both(DOOR_LIMIT);

/// The model: the spec's answers, or a provider written in Lua.
pub(super) struct Model {
    spec: LuaProvider,
    scripted: Arc<AtomicBool>,
    /// The models that are configured; their servers don't answer.
    configured: Router,
    /// Those of them that are written in Lua.
    lua: Vec<String>,
}

impl Model {
    pub(super) fn new(
        script: ScriptHandle,
        doors: &Doors,
        configured: Router,
        lua: Vec<String>,
    ) -> Option<Self> {
        let spec = ProviderSpec {
            name: "spec".into(),
            kind: ProviderKind::Lua { handler: doors.model, timeout: DOOR_LIMIT },
            fallback: vec![],
            model: None,
            context_window: None,
            price: None,
            location: String::new(),
        };
        let spec = LuaProvider::new(script, &spec)?;
        Some(Self { spec, scripted: Arc::clone(&doors.scripted), configured, lua })
    }
}

impl LlmProvider for Model {
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(async move {
            let chain = self.configured.chain(request.model);
            if self.scripted.load(Ordering::Relaxed) {
                let mut response = self.spec.chat(request, sink).await?;
                response.model = chain.into_iter().next().unwrap_or_else(|| request.model.to_owned());
                let (input, output) = self.facts(request.model).price.unwrap_or_default();
                let usage = &mut response.usage;
                usage.usd = Some((usage.input as f64 * input + usage.output as f64 * output) / 1e6);
                return Ok(response);
            }
            let provider = chain.first().and_then(|model| model.split('/').next());
            if provider.is_some_and(|name| self.lua.iter().any(|lua| lua == name)) {
                return self.configured.chat(request, sink).await;
            }
            Err(ChatError::Config(NO_MODEL.into()))
        })
    }

    fn facts(&self, model: &str) -> ModelFacts {
        let facts = self.configured.facts(model);
        ModelFacts { price: facts.price.or(Some((0.0, 0.0))), ..facts }
    }
}

/// A tool, whose answer the spec has. A function of `init.lua` runs where it has none.
pub(super) struct Recorded {
    pub(super) script: ScriptHandle,
    pub(super) door: HandlerId,
    pub(super) tool: Arc<dyn Tool>,
    pub(super) scripted: bool,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    missing: bool,
    status: Option<ToolStatus>,
    #[serde(default)]
    content: String,
    data: Option<Value>,
    #[serde(default)]
    meta: JsonMap,
}

impl Tool for Recorded {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let asked = call.get();
            let arguments = vec![
                json!(asked.name),
                Value::Object(asked.args.clone()),
                json!(self.scripted),
                json!(scope.context),
            ];
            let answered = self.script.call_with(self.door, arguments, LIMITS).await;
            let answer: Answer = match answered.map(serde_json::from_value) {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return ToolResult::new(asked, ToolStatus::Error, error.to_string()),
                Err(error) => return ToolResult::new(asked, ToolStatus::Error, error.to_string()),
            };
            if answer.missing {
                return self.tool.run(call, scope).await;
            }
            let mut result = ToolResult::new(asked, answer.status.unwrap_or(ToolStatus::Ok), answer.content);
            result.data = answer.data;
            result.meta = answer.meta;
            result
        })
    }
}

/// A person, who answers as the spec says.
pub(super) struct Person {
    pub(super) script: ScriptHandle,
    pub(super) door: HandlerId,
    /// Nobody is asked; what matters is whether somebody would have been.
    pub(super) probing: AtomicBool,
    pub(super) wanted: AtomicBool,
}

impl Approver for Person {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            if self.probing.load(Ordering::Relaxed) {
                self.wanted.store(true, Ordering::Relaxed);
                return None;
            }
            self.put(request, None).await
        })
    }

    fn refer<'a>(
        &'a self,
        request: &'a ApprovalRequest,
        to: &'a [String],
        _timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        Box::pin(async move {
            if self.probing.load(Ordering::Relaxed) {
                self.wanted.store(true, Ordering::Relaxed);
                return Err("nobody is asked".into());
            }
            let to = to.join(", ");
            let said = self.put(request, Some(&to)).await;
            said.map(Ruling::from).ok_or_else(|| format!("{to} did not answer"))
        })
    }
}

impl Person {
    /// Puts the question to the spec. `to`: whom the engine would ask.
    async fn put(&self, request: &ApprovalRequest, to: Option<&str>) -> Option<Approval> {
        let ApprovalRequest { call, context, reason } = request;
        let mut question = json!({ "name": call.name, "args": call.args, "reason": reason, "to": to });
        if let (Some(map), Ok(Value::Object(context))) =
            (question.as_object_mut(), serde_json::to_value(context))
        {
            map.extend(context);
        }
        match self.script.call(self.door, question, LIMITS).await {
            Ok(answer) => match answer.as_str() {
                Some("yes") => Some(Approval::Yes),
                Some("no") => Some(Approval::No),
                Some("always") => Some(Approval::Always),
                _ => None,
            },
            Err(error) => {
                tracing::warn!("the function that approves in a spec failed: {error}");
                None
            }
        }
    }
}

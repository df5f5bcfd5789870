//! Tools, called by scripts.

use super::engine_side::EngineSide;
use crate::{
    agent::Outside,
    app::table,
    domain::{
        BoxFuture,
        call::{ToolCall, ToolResult, ToolStatus},
        hook::TurnContext,
        primitives::{FailureKind, PrimitiveError, ToolListing, Toolbox},
        tool::ToolSpec,
    },
    gateway::{Setup, WeakGateway},
    policy::{Direct, Executor, Later, Nested, NoNested, Scope, Verdict},
    tool::ToolRegistry,
};
use std::sync::{Arc, Weak};

/// The tools of one generation. It must not keep the generation alive that it serves: tools written in
/// Lua hold their script, which holds this.
pub(super) struct ToolsHere {
    /// What runs in the user's name: the same tools, with room for more output.
    pub(super) own: Arc<ToolRegistry>,
    pub(super) setup: Weak<Setup>,
    pub(super) gateway: WeakGateway,
    pub(super) engine: EngineSide,
}

impl ToolsHere {
    fn setup(&self) -> Result<Arc<Setup>, PrimitiveError> {
        self.setup.upgrade().ok_or_else(|| {
            PrimitiveError::new(FailureKind::Cancelled, "the configuration of this script was replaced")
        })
    }

    fn direct(&self, context: &TurnContext) -> Result<Direct, PrimitiveError> {
        let setup = self.setup()?;
        let entry = setup
            .roster
            .get(&context.agent)
            .map_err(|message| PrimitiveError::new(FailureKind::NotFound, message))?;
        Ok(Direct {
            gate: Arc::clone(&setup.gate),
            executor: Arc::clone(&setup.tools),
            policy: setup.policy(entry, &context.origin),
            context: context.clone(),
            later: self.later(&setup),
            within: self.outside(&setup, context).map(|outside| Arc::new(outside) as Arc<dyn Nested>),
        })
    }

    fn later(&self, setup: &Setup) -> Option<Arc<dyn Later>> {
        self.gateway.upgrade().map(|gateway| gateway.later(setup))
    }

    /// What tools of a script can do besides; `None`: there is no such agent in whose name it could be.
    fn outside(&self, setup: &Setup, context: &TurnContext) -> Option<Outside> {
        let entry = setup.roster.get(&context.agent).ok()?;
        let policy = setup.policy(entry, &context.origin);
        let (later, model) = (self.later(setup), entry.model.clone());
        Some(setup.agent.outside(policy, context.clone(), later, entry.budget, model))
    }
}

/// Runs a call in the user's name.
async fn act(
    setup: Arc<Setup>,
    own: Arc<ToolRegistry>,
    outside: Option<Outside>,
    call: ToolCall,
    context: TurnContext,
) -> ToolResult {
    let nested: &dyn Nested = outside.as_ref().map_or(&NoNested, |outside| outside);
    let spec = own.specs().iter().find(|spec| spec.name == call.name);
    match setup.gate.user_acts(call, spec) {
        Verdict::Authorized { call, .. } => own.execute(call, Scope { context: &context, nested }).await,
        Verdict::Denied { call, reason } | Verdict::Answered { call, content: reason, .. } => {
            ToolResult::new(&call, ToolStatus::Denied, reason)
        }
    }
}

impl Toolbox for ToolsHere {
    fn act<'a>(&'a self, call: ToolCall, context: &'a TurnContext) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let cancelled = ToolResult::new(&call, ToolStatus::Cancelled, "");
            let done = match self.setup() {
                Ok(setup) => {
                    let outside = self.outside(&setup, context);
                    let acting = act(setup, self.own.clone(), outside, call, context.clone());
                    self.engine.run(acting).await
                }
                Err(error) => Err(error),
            };
            done.unwrap_or_else(|error| ToolResult { content: error.message, ..cancelled })
        })
    }

    fn call<'a>(
        &'a self,
        call: ToolCall,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<ToolResult, PrimitiveError>> {
        Box::pin(async move {
            let direct = self.direct(context)?;
            self.engine.run(async move { direct.call(call).await }).await
        })
    }

    fn list(&self, context: &TurnContext) -> Result<Vec<ToolListing>, PrimitiveError> {
        let direct = self.direct(context)?;
        let listing = |spec: &ToolSpec| ToolListing {
            access: table::access(spec, &direct.policy).0,
            spec: spec.clone(),
        };
        Ok(direct.executor.specs().iter().map(listing).collect())
    }
}

//! Models, asked by scripts without an agent.

use crate::{
    agent::allowance,
    app::assemble::Live,
    domain::{
        BoxFuture,
        chat::{ChatRequest, ChatResponse, LlmProvider},
        hook::TurnContext,
        primitives::{Chats, FailureKind, ModelListing, ModelQuestion, PrimitiveError},
        store::TurnStore,
    },
    gateway::Setup,
    llm::Router,
    memory::Memory,
};
use std::sync::{Arc, Weak};
use tokio::sync::Semaphore;

/// Model calls of scripts that may be under way. A provider in Lua that asks itself ends here.
const MAX_CALLS: usize = 16;

/// The models of one generation.
pub(super) struct ChatsHere {
    /// Answers.
    llm: Arc<dyn LlmProvider>,
    /// Knows the providers.
    router: Router,
    default: String,
    memory: Memory,
    setup: Weak<Setup>,
    calls: Semaphore,
}

impl ChatsHere {
    pub(super) fn new(live: &Live, memory: Memory) -> Self {
        Self {
            llm: Arc::clone(&live.llm),
            router: live.models.router.clone(),
            default: live.models.default.clone(),
            memory,
            setup: Arc::downgrade(&live.setup),
            calls: Semaphore::new(MAX_CALLS),
        }
    }

    async fn ask(
        &self,
        question: ModelQuestion,
        context: &TurnContext,
    ) -> Result<ChatResponse, PrimitiveError> {
        let fail = PrimitiveError::new;
        let _call = self.calls.try_acquire().map_err(|_| {
            fail(FailureKind::Denied, format!("{MAX_CALLS} model calls of scripts are under way already"))
        })?;
        let (model, budget) = {
            let setup = self.setup.upgrade().ok_or_else(|| {
                fail(FailureKind::Cancelled, "the configuration of this script was replaced".into())
            })?;
            let entry =
                setup.roster.get(&context.agent).map_err(|error| fail(FailureKind::NotFound, error))?;
            let model = if question.model.is_empty() { &entry.model } else { &question.model };
            (model.clone(), entry.budget)
        };
        let mut request = ChatRequest {
            model: &model,
            system: &question.system,
            messages: &question.messages,
            tools: &question.tools,
            max_tokens: question.max_tokens,
        };
        let spent = match budget.usd_per_day {
            Some(_) => self.memory.spent_today(&context.agent).await?,
            None => 0.0,
        };
        request.max_tokens = allowance(budget, &self.llm.facts(&model), &request, spent)
            .map_err(|reason| fail(FailureKind::Denied, reason))?;
        let response = self
            .llm
            .chat(request, &mut |_| {})
            .await
            .map_err(|error| fail(FailureKind::Model, error.to_string()))?;
        self.memory.spend_apart(context, &response.model, response.usage).await?;
        Ok(response)
    }
}

impl Chats for ChatsHere {
    fn chat<'a>(
        &'a self,
        question: ModelQuestion,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<ChatResponse, PrimitiveError>> {
        Box::pin(self.ask(question, context))
    }

    fn models(&self) -> Result<Vec<ModelListing>, PrimitiveError> {
        let first = |name: &str| self.router.chain(name).into_iter().next().unwrap_or_default();
        let default = first(&self.default);
        let provider = default.split('/').next().unwrap_or_default();
        let listing = |name: &str| ModelListing {
            provider: name.to_owned(),
            default: name == provider,
            model: if name == provider { default.clone() } else { first(name) },
            facts: self.router.facts(name),
        };
        Ok(self.router.names().map(listing).collect())
    }
}

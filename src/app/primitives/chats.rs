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
    memory::Memory,
};
use std::sync::{Arc, Weak};
use tokio::sync::Semaphore;

/// Model calls of scripts that may be under way. A provider in Lua that asks itself ends here.
const MAX_CALLS: usize = 16;

/// The models of one generation. A provider written in Lua holds its script, which holds this: nothing
/// here keeps them alive.
pub(super) struct ChatsHere {
    llm: Weak<dyn LlmProvider>,
    /// The providers, and what each is asked for where only its name is given.
    first: Vec<(String, String)>,
    default: String,
    memory: Memory,
    setup: Weak<Setup>,
    calls: Semaphore,
}

impl ChatsHere {
    pub(super) fn new(live: &Live, memory: Memory) -> Self {
        let router = &live.models.router;
        let first = |name: &str| router.chain(name).into_iter().next().unwrap_or_default();
        Self {
            llm: Arc::downgrade(&live.llm),
            first: router.names().map(|name| (name.to_owned(), first(name))).collect(),
            default: first(&live.models.default),
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
        let llm = self.llm()?;
        let (model, budget) = {
            let setup = self.setup.upgrade().ok_or_else(replaced)?;
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
        request.max_tokens = allowance(budget, &llm.facts(&model), &request, spent)
            .map_err(|reason| fail(FailureKind::Denied, reason))?;
        let response = llm
            .chat(request, &mut |_| {})
            .await
            .map_err(|error| fail(FailureKind::Model, error.to_string()))?;
        self.memory.spend_apart(context, &response.model, response.usage).await?;
        Ok(response)
    }

    fn llm(&self) -> Result<Arc<dyn LlmProvider>, PrimitiveError> {
        self.llm.upgrade().ok_or_else(replaced)
    }
}

fn replaced() -> PrimitiveError {
    PrimitiveError::new(FailureKind::Cancelled, "the configuration of this script was replaced".to_owned())
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
        let llm = self.llm()?;
        let provider = self.default.split('/').next().unwrap_or_default();
        let listing = |(name, first): &(String, String)| ModelListing {
            provider: name.clone(),
            default: name == provider,
            model: if name == provider { self.default.clone() } else { first.clone() },
            facts: llm.facts(name),
        };
        Ok(self.first.iter().map(listing).collect())
    }
}

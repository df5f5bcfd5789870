//! Whether each provider in use answers: by the shortest request that there is.

use super::{Finding, Health};
use crate::{
    app::{Loaded, models},
    domain::{
        chat::{ChatRequest, LlmProvider},
        message::Message,
    },
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

const CHECK: &str = "provider";
/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tokens of the answer: it is not read.
const TOKENS: u32 = 16;

/// Asks those that the configuration names, but for the one that the default model belongs to: that was
/// asked already.
pub(super) async fn providers(loaded: &Loaded, found: &mut impl FnMut(Finding)) {
    // What is wrong with them was told.
    let Ok(models) = models::build(loaded).await else { return };
    let first = |model: &str| models.router.chain(model).into_iter().next().unwrap_or_default();
    let asked = first(&models.default);
    let mut wanted: BTreeSet<String> = loaded.plan.providers.keys().map(|name| first(name)).collect();
    let agents = loaded.plan.agents.values().filter_map(|agent| agent.model.as_deref());
    wanted.extend(agents.map(first));
    let fallbacks = loaded.plan.providers.values().flat_map(|provider| &provider.fallback);
    wanted.extend(fallbacks.map(|model| first(model)));
    for model in wanted.into_iter().filter(|model| *model != asked && !model.is_empty()) {
        found(one(&models, &model).await);
    }
}

async fn one(models: &models::Models, model: &str) -> Finding {
    let fail = |seen: String| Finding::new(CHECK, Health::Fail, format!("{model}: {seen}"));
    let Some(alone) = models.router.alone(model) else {
        return fail("there is no such provider".to_owned());
    };
    let messages = [Message::user("Answer with the word: ready")];
    let request = ChatRequest {
        model,
        system: "You are being tested.",
        messages: &messages,
        tools: &[],
        max_tokens: Some(TOKENS),
    };
    let began = Instant::now();
    let mut sink = |_| ();
    match tokio::time::timeout(PATIENCE, alone.chat(request, &mut sink)).await {
        Ok(Ok(_)) => {
            Finding::ok(CHECK, format!("{model} answered in {:.1} s", began.elapsed().as_secs_f64()))
        }
        Ok(Err(error)) => {
            fail(error.to_string()).with("check the key and the address: openpista config show --origin")
        }
        Err(_) => fail(format!("no answer within {} s", PATIENCE.as_secs()))
            .with("is its server loaded down, or still loading the model?"),
    }
}

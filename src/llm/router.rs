//! One provider made of many: resolves, retries, fails over.

use super::{
    backend::{AttemptError, Backend, FailureKind},
    discover,
    resolve::{self, Target},
    retry::RetryPolicy,
    words,
};
use crate::domain::{
    BoxFuture,
    chat::{Attempt, ChatError, ChatRequest, ChatResponse, Delta, LlmProvider, ModelFacts, Waiting},
    message::Message,
    text::clean,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// A named provider of a router.
#[derive(Clone)]
pub struct Route {
    /// What answers.
    pub backend: Arc<dyn Backend>,
    /// The model when none is named. `None`: the backend chooses.
    pub model: Option<String>,
    /// Names of providers, or `provider/model`, to try when this one fails.
    pub fallback: Vec<String>,
}

impl Route {
    /// A provider without a default model and without fallbacks.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Arc::new(backend), model: None, fallback: Vec::new() }
    }

    /// Sets the model to use when none is named.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Adds a provider, or `provider/model`, to try when this one fails.
    #[must_use]
    pub fn fallback(mut self, to: impl Into<String>) -> Self {
        self.fallback.push(to.into());
        self
    }
}

/// Sends each request to the provider it names, again if that may help, and to others if not.
#[derive(Clone, Default)]
pub struct Router {
    routes: BTreeMap<String, Route>,
    default: String,
    policy: RetryPolicy,
    /// Names have to be those of providers; this one stands in for no model that is named.
    strict: Option<String>,
}

impl Router {
    /// A router without providers. `default` is the model of requests that name none, and its
    /// provider that of requests that name no provider: `provider/model`, `provider`, or `model`.
    pub fn new(default: impl Into<String>, policy: RetryPolicy) -> Self {
        Self { routes: BTreeMap::new(), default: default.into(), policy, strict: None }
    }

    /// Never asks another provider than the one that is named: a name with a slash that begins with no
    /// provider's is refused. `stand_in` is a provider that answers only where no model is named at all.
    #[must_use]
    pub fn strict(mut self, stand_in: impl Into<String>) -> Self {
        self.strict = Some(stand_in.into());
        self
    }

    /// Why no model here is called `model`; `None`: there may be one.
    pub fn refuses(&self, model: &str) -> Option<String> {
        let stand_in = self.strict.as_deref()?;
        let names = self.routes.keys().map(String::as_str).filter(|name| *name != stand_in);
        let target = resolve::target(&self.routes, &self.default, model)?;
        let named = model.split('/').next() == Some(target.provider.as_str());
        match (target.provider == stand_in, named) {
            (_, true) => None,
            (true, false) if !model.is_empty() => {
                Some(resolve::misnamed(names, "", model).unwrap_or_else(|| no_server(model)))
            }
            _ => resolve::misnamed(names, &target.provider, model),
        }
    }

    /// Adds a provider under `name`, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, route: Route) -> Self {
        self.routes.insert(name.into(), route);
        self
    }

    /// The names of the providers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.routes.keys().map(String::as_str)
    }

    /// The same for the provider of `model` alone, which is asked once: for those who want to know
    /// whether it answers. `None`: there is no such provider.
    pub fn alone(&self, model: &str) -> Option<Self> {
        let target = resolve::chain(&self.routes, &self.default, model).into_iter().next()?;
        let mut route = self.routes.get(&target.provider)?.clone();
        route.fallback.clear();
        let policy = RetryPolicy { retries: 0, ..self.policy };
        Some(Self::new(self.default.clone(), policy).with(&target.provider, route))
    }

    /// The models that a request for `model` tries, in order, as `provider/model`.
    pub fn chain(&self, model: &str) -> Vec<String> {
        resolve::chain(&self.routes, &self.default, model).iter().map(|target| target.label("")).collect()
    }

    async fn run(
        &self,
        request: ChatRequest<'_>,
        sink: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<ChatResponse, ChatError> {
        if let Some(why) = self.refuses(request.model) {
            return Err(ChatError::Config(why));
        }
        let cleaned = Cleaned::of(&request);
        let request = cleaned.as_ref().map_or(request, |cleaned| cleaned.request(request));
        let targets = resolve::chain(&self.routes, &self.default, request.model);
        if targets.is_empty() {
            return Err(ChatError::Config(no_provider(request.model)));
        }
        let mut failed: Vec<(FailureKind, Attempt)> = Vec::new();
        for (number, target) in targets.iter().enumerate() {
            let last = number + 1 == targets.len();
            match self.try_model(target, last, request, sink).await {
                Ok(response) => return Ok(response),
                Err((FailureKind::Overflow { limit }, attempt)) => {
                    return Err(ChatError::ContextOverflow { limit, message: attempt.message });
                }
                Err(failure) => failed.push(failure),
            }
        }
        if let Some((_, attempt)) = failed.pop_if(|(kind, _)| *kind == FailureKind::Unreadable) {
            return Err(ChatError::Unreadable { model: attempt.model, message: attempt.message });
        }
        if failed.iter().all(|(kind, _)| *kind == FailureKind::Config) {
            let texts: Vec<_> = failed.into_iter().map(|(_, attempt)| attempt.message).collect();
            return Err(ChatError::Config(texts.join("\n")));
        }
        Err(ChatError::AllFailed(failed.into_iter().map(|(_, attempt)| attempt).collect()))
    }

    /// Tries one model until it answers or trying is in vain.
    async fn try_model(
        &self,
        target: &Target,
        last: bool,
        request: ChatRequest<'_>,
        sink: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<ChatResponse, (FailureKind, Attempt)> {
        let route = &self.routes[&target.provider];
        let request = ChatRequest { model: &target.model, ..request };
        let started = Instant::now();
        let mut done = 0;
        loop {
            let mut shown = false;
            let mut watched = |delta: Delta| {
                shown = !matches!(delta, Delta::Restart { .. });
                sink(delta);
            };
            let mut error = match route.backend.attempt(request, &mut watched).await {
                Ok(response) => return Ok(signed(response, target)),
                Err(error) => error,
            };
            let wait = self.policy.wait(&error, done, last);
            tracing::debug!(model = %target.label(""), ?wait, kind = ?error.kind, status = error.status, "an attempt failed");
            let over = matches!(error.kind, FailureKind::Overflow { .. });
            if shown && !over && (wait.is_some() || !last) {
                sink(Delta::Restart { reason: format!("{}: {}", target.label(""), error.message) });
            }
            let Some(wait) = wait else {
                if self.policy.refuses(&error) {
                    error.message.push_str(&too_long(&error, self.policy.max_wait));
                }
                if let Some(hint) = self.key_hint(target, &error) {
                    error.message.push_str(&hint);
                }
                return Err((error.kind, attempt(target, &error, done, started.elapsed())));
            };
            done += 1;
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// The texts of a request that held what strict servers refuse.
struct Cleaned {
    system: String,
    messages: Vec<Message>,
}

impl Cleaned {
    /// `None`: nothing is to be replaced.
    fn of(request: &ChatRequest<'_>) -> Option<Self> {
        let is_clean = !request.system.contains('\0') && request.messages.iter().all(Message::is_clean);
        (!is_clean).then(|| Self {
            system: clean(request.system.to_owned()),
            messages: request.messages.iter().cloned().map(Message::cleaned).collect(),
        })
    }

    fn request<'a>(&'a self, request: ChatRequest<'a>) -> ChatRequest<'a> {
        ChatRequest { system: &self.system, messages: &self.messages, ..request }
    }
}

impl Router {
    /// A model that was refused may have been meant for a known provider without a key.
    fn key_hint(&self, target: &Target, error: &AttemptError) -> Option<String> {
        let (provider, _) = target.model.split_once('/').filter(|_| error.kind == FailureKind::Refused)?;
        let variable = discover::key_variable(provider).filter(|_| !self.routes.contains_key(provider))?;
        Some(format!(" (for the provider {provider}, set {variable})"))
    }
}

impl LlmProvider for Router {
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        Box::pin(self.run(request, sink))
    }

    fn facts(&self, model: &str) -> ModelFacts {
        resolve::target(&self.routes, &self.default, model)
            .map(|target| self.routes[&target.provider].backend.facts(&target.model))
            .unwrap_or_default()
    }

    fn full_name<'a>(&'a self, model: &'a str) -> BoxFuture<'a, String> {
        let target = resolve::target(&self.routes, &self.default, model);
        let Some(target) = target.filter(|_| self.refuses(model).is_none()) else {
            return Box::pin(std::future::ready(model.to_owned()));
        };
        if !target.model.is_empty() {
            return Box::pin(std::future::ready(target.label("")));
        }
        Box::pin(async move {
            let chosen = self.routes[&target.provider].backend.chosen().await;
            target.label(&chosen.unwrap_or_default())
        })
    }

    fn waiting(&self, model: &str) -> Option<Waiting> {
        let target = resolve::target(&self.routes, &self.default, model)?;
        let waiting = self.routes[&target.provider].backend.waiting()?;
        let words = format!("{} has not begun to answer. {}", target.label(""), waiting.words);
        Some(Waiting { words, ..waiting })
    }

    fn replays_reasoning(&self, model: &str) -> bool {
        resolve::target(&self.routes, &self.default, model)
            .is_some_and(|target| self.routes[&target.provider].backend.replays_reasoning(&target.model))
    }
}

/// Fills in who answered.
fn signed(mut response: ChatResponse, target: &Target) -> ChatResponse {
    response.model = target.label(&response.model);
    if response.message.origin.is_empty() {
        response.message.origin.clone_from(&target.provider);
    }
    response
}

fn attempt(target: &Target, error: &AttemptError, retries: u32, took: Duration) -> Attempt {
    let mut message = words::cut(&error.message);
    if retries > 0 {
        message = words::cut(&format!("(tried {} times) {message}", retries + 1));
    }
    Attempt { model: target.label(""), status: error.status, message, took }
}

fn too_long(error: &AttemptError, max: Duration) -> String {
    let asked = error.retry_after.unwrap_or_default().as_secs();
    format!(" (it asks to wait {asked} s; max_retry_wait is {} s)", max.as_secs())
}

fn no_server(model: &str) -> String {
    format!(
        "no provider is there for the model {model:?}: set a key such as OPENAI_API_KEY, give base_url, start a local \
         server, or name it as provider/model"
    )
}

fn no_provider(model: &str) -> String {
    let provider = model.split_once('/').map_or(model, |(provider, _)| provider);
    match discover::key_variable(provider) {
        Some(variable) => {
            format!("the provider {provider} has no key: set the environment variable {variable}")
        }
        None => "no model is configured: declare one with pista.provider(…), set a key such as \
                 OPENAI_API_KEY, or start a local server such as Ollama"
            .to_owned(),
    }
}

//! Servers that speak the OpenAI chat completions protocol, or nearly so.

mod body;
mod choosing;
pub(super) mod client;
mod events;
mod exchange;
mod history;
mod ids;
mod learn;
mod lines;
mod listing;
mod offer;
mod pulse;
mod schema;
mod secrets;
mod target;
mod transport;
mod upstream;

pub use history::NOTICE_MARK;

use super::{
    answer::{Accumulator, Answer, Sink},
    backend::{AttemptError, Backend, FailureKind},
    base_url::BaseUrl,
    dialect::Dialect,
    failure,
    key::KeySource,
    names::Names,
    timeouts::Timeouts,
    words::Words,
};
use crate::domain::{
    BoxFuture, JsonMap,
    chat::{ChatRequest, ChatResponse, Delta, ModelFacts, Waiting},
    plan::{ProviderKind, ProviderSpec},
    secret::Secret,
    usage::estimate_tokens,
};
use body::Body;
use exchange::{Deadlines, Fault};
use learn::{Learned, MAX_LESSONS};
use offer::Offers;
use secrets::Redactor;
use serde_json::value::to_raw_value;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use target::Target;
use tokio::sync::OnceCell;
use transport::HttpFailure;

/// A server as configured.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its base URL, in any of the forms that [`BaseUrl::parse`] reads.
    pub base_url: String,
    /// Its key, if it needs one.
    pub api_key: Option<KeySource>,
    /// Overrides of the dialect's flags.
    pub dialect: JsonMap,
    /// The context window of its models in tokens.
    pub context_window: Option<u32>,
    /// US dollars per million input and output tokens.
    pub price: Option<(f64, f64)>,
}

/// One server. Connects at the first call, and keeps its connections.
pub struct OpenAiProvider {
    name: String,
    url: BaseUrl,
    dialect: Dialect,
    api_key: Option<KeySource>,
    context_window: Option<u32>,
    price: Option<(f64, f64)>,
    timeouts: Timeouts,
    client: OnceCell<reqwest::Client>,
    first_model: OnceCell<String>,
    key: Mutex<Option<Secret>>,
    models: Mutex<HashMap<String, Known>>,
    offers: Offers,
}

/// What calls have taught about one model.
#[derive(Clone, Debug, Default)]
struct Known {
    learned: Learned,
    window: Option<u32>,
    /// Answers to requests of which the server read much less than was sent.
    short_reads: u64,
}

impl OpenAiProvider {
    /// A provider called `name`. Does nothing yet but check. The error says what in `endpoint` to mend.
    pub fn new(name: impl Into<String>, endpoint: Endpoint, timeouts: Timeouts) -> Result<Self, String> {
        let url = BaseUrl::parse(&endpoint.base_url)?;
        let dialect = Dialect::of(&url).with_overrides(&endpoint.dialect)?;
        Target::new(&url, dialect.auth, None, &dialect.extra_headers)?;
        Ok(Self {
            name: name.into(),
            context_window: endpoint.context_window.or(dialect.num_ctx),
            price: endpoint.price.or_else(|| url.is_local().then_some((0.0, 0.0))),
            url,
            dialect,
            api_key: endpoint.api_key,
            timeouts,
            client: OnceCell::new(),
            first_model: OnceCell::new(),
            key: Mutex::new(None),
            models: Mutex::new(HashMap::new()),
            offers: Offers::default(),
        })
    }

    /// A provider as declared. `api_key` is where the declaration's key can be read. `None`: the
    /// declaration is of another kind.
    pub fn from_spec(
        spec: &ProviderSpec,
        api_key: Option<KeySource>,
        timeouts: Timeouts,
    ) -> Option<Result<Self, String>> {
        let ProviderKind::OpenAi { base_url, dialect, .. } = &spec.kind else { return None };
        let endpoint = Endpoint {
            base_url: base_url.clone(),
            api_key,
            dialect: dialect.clone(),
            context_window: spec.context_window,
            price: spec.price,
        };
        Some(Self::new(spec.name.clone(), endpoint, timeouts))
    }

    async fn ask(&self, request: ChatRequest<'_>, sink: &mut Sink<'_>) -> Result<ChatResponse, AttemptError> {
        let key = self.key().await?;
        let redact = Redactor::new(key.as_ref(), &self.dialect.extra_headers);
        let result = self.ask_with(key.as_ref(), request, sink).await;
        result.map_err(|error| AttemptError { message: redact.clean(&error.message), ..error })
    }

    async fn ask_with(
        &self,
        key: Option<&Secret>,
        request: ChatRequest<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<ChatResponse, AttemptError> {
        let target =
            Target::new(&self.url, self.dialect.auth, key.map(Secret::expose), &self.dialect.extra_headers)
                .map_err(AttemptError::config)?;
        let client = self.client.get_or_try_init(|| self.connect()).await?;
        let model = match request.model {
            "" => self.model(client, &target).await?,
            named => self.spelt(named).to_owned(),
        };
        let request = ChatRequest { model: &model, ..request };
        let mut lessons = 0;
        loop {
            let learned = self.known(&model).learned;
            let dialect = learned.applied(&self.dialect);
            let broken = |error: serde_json::Error| AttemptError::config(error.to_string());
            let offer = self.offers.of(request.tools, dialect.schema).map_err(broken)?;
            let names = Names::with(&offer.names, request.messages);
            let body = Body::new(request, &names, &offer, &dialect, &learned, &self.name);
            let asked = to_raw_value(&body).map_err(broken)?;
            let mut answer = Accumulator::new(&names, request.tools, dialect.text_tool_calls);
            match exchange::run(client, &target, &asked, self.deadlines(), &mut answer, sink).await {
                Ok(end) => {
                    let asked = asked.get();
                    return Ok(self.response(answer.finish(end, asked, sink)?, asked, model));
                }
                Err(Fault::Other(error)) => return Err(self.located(error)),
                Err(Fault::Http(refusal)) => {
                    let words = Words::of_body(&refusal.body);
                    let learns = lessons < MAX_LESSONS
                        && self
                            .change(&model, |known| known.learned.learn_from(refusal.status, &words, &body));
                    if !learns {
                        return Err(self.refused(&refusal, &words, &model, key.is_some()));
                    }
                    tracing::debug!(
                        provider = self.name,
                        model,
                        words = words.message,
                        "adapted to a refusal"
                    );
                    lessons += 1;
                }
            }
        }
    }

    /// The key, read once; again after the server refused it.
    async fn key(&self) -> Result<Option<Secret>, AttemptError> {
        let Some(source) = &self.api_key else { return Ok(None) };
        if let Some(key) = lock(&self.key).clone() {
            return Ok(Some(key));
        }
        let read = source.read.clone();
        let read = tokio::task::spawn_blocking(move || read()).await.unwrap_or_else(|e| Err(e.to_string()));
        let trimmed = |key: Secret| Some(key.expose().trim()).filter(|k| !k.is_empty()).map(Secret::new);
        match read.map(|key| key.and_then(trimmed)) {
            Ok(Some(key)) => {
                *lock(&self.key) = Some(key.clone());
                Ok(Some(key))
            }
            Ok(None) => Err(AttemptError::config(format!(
                "the provider {} has no key: {}",
                self.name,
                source.remedy()
            ))),
            Err(why) => Err(AttemptError::config(format!(
                "the key of the provider {} can't be read: {why}",
                self.name
            ))),
        }
    }

    async fn connect(&self) -> Result<reqwest::Client, AttemptError> {
        let (url, connect) = (self.url.clone(), self.timeouts.connect);
        // Reading root certificates takes its time.
        let build = tokio::task::spawn_blocking(move || client::build(&url, connect));
        build.await.unwrap_or_else(|e| Err(e.to_string())).map_err(AttemptError::config)
    }

    fn response(&self, answer: Answer, asked: &str, model: String) -> ChatResponse {
        let Answer { mut message, mut usage, cut } = answer;
        let expected = estimate_tokens(asked);
        if !usage.estimated && expected > WORTH_CHECKING && usage.input.saturating_mul(2) < expected {
            self.read_too_little(&model, usage.input, expected);
        }
        message.origin.clone_from(&self.name);
        usage.usd = usage.usd.or_else(|| {
            let (input, output) = self.price?;
            Some((usage.input as f64 * input + usage.output as f64 * output) / TOKENS_PER_PRICE)
        });
        ChatResponse { message, usage, model, cut }
    }

    /// Tells of it the first time, the tenth, the hundredth: a server that counts oddly does so each time.
    fn read_too_little(&self, model: &str, read: u64, expected: u64) {
        let times = self.change(model, |known| {
            known.short_reads += 1;
            known.short_reads
        });
        if times.checked_ilog10().is_some_and(|power| 10u64.pow(power) == times) {
            tracing::warn!(
                provider = self.name,
                model,
                read,
                expected,
                times,
                "the server read much less than was sent: its context window may be too small, and the start is lost"
            );
        }
    }

    fn refused(&self, refusal: &HttpFailure, words: &Words, model: &str, with_key: bool) -> AttemptError {
        let mut error = failure::classify(Some(refusal.status), words, refusal.retry_after);
        match error.kind {
            FailureKind::Overflow { limit: Some(limit) } => {
                self.change(model, |known| known.window = Some(limit))
            }
            _ if refusal.status < 300 => {
                error.kind = FailureKind::Refused;
                error.message = format!(
                    "{} answered with a web page, not a model's answer; is base_url right? {}",
                    self.url, error.message
                );
            }
            _ if refusal.status == 404 && !words.structured => {
                let hint =
                    format!("; nothing is served at {}/chat/completions: is base_url right?", self.url);
                error.message.push_str(&hint);
            }
            _ if (300..400).contains(&refusal.status) => {
                error.message =
                    format!("{} redirects elsewhere; write the new address as base_url", self.url);
            }
            _ if refusal.status == 401 => {
                // Perhaps it was changed meanwhile: read it anew next time.
                *lock(&self.key) = None;
                if !with_key {
                    error.message.push_str("; no key was sent: set api_key of this provider");
                }
            }
            _ if error.message.to_lowercase().contains("not support tools") => {
                error
                    .message
                    .push_str("; this model can't use tools: choose another, or an agent without tools");
            }
            _ => {}
        }
        error
    }

    /// The error with the server's address, when there was no answer to speak for itself.
    fn located(&self, error: AttemptError) -> AttemptError {
        match error.status {
            Some(_) => error,
            None => AttemptError { message: format!("{}: {}", self.url, error.message), ..error },
        }
    }

    fn deadlines(&self) -> Deadlines {
        Deadlines {
            connect: self.timeouts.connect,
            first_token: self.timeouts.first_token_for(self.url.is_local()),
            local: self.url.is_local(),
            idle: self.timeouts.idle,
            total: self.timeouts.total,
        }
    }

    fn known(&self, model: &str) -> Known {
        lock(&self.models).get(model).cloned().unwrap_or_default()
    }

    fn change<T>(&self, model: &str, change: impl FnOnce(&mut Known) -> T) -> T {
        change(lock(&self.models).entry(model.to_owned()).or_default())
    }
}

/// How long a server on this machine may take until the person is told why it may.
const UNUSUAL_WAIT: Duration = Duration::from_secs(10);

/// Requests of fewer tokens, by our estimate, are too small to tell whether the server cut them.
const WORTH_CHECKING: u64 = 2_000;

/// Prices are for a million tokens.
const TOKENS_PER_PRICE: f64 = 1e6;

impl Backend for OpenAiProvider {
    fn attempt<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>> {
        Box::pin(self.ask(request, sink))
    }

    fn facts(&self, model: &str) -> ModelFacts {
        let model = if model.is_empty() { self.first_model.get().map_or("", String::as_str) } else { model };
        ModelFacts { context_window: self.known(model).window.or(self.context_window), price: self.price }
    }

    fn chosen(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.listed())
    }

    fn waiting(&self) -> Option<Waiting> {
        self.url.is_local().then(|| Waiting {
            after: UNUSUAL_WAIT,
            words: format!(
                "{}: it may be at work on another question, or still be loading the model or reading this one. It \
                 is waited for up to {} s ({})",
                self.url,
                self.timeouts.first_token_for(true).as_secs_f64(),
                exchange::first_token_setting(true),
            ),
        })
    }

    fn replays_reasoning(&self, model: &str) -> bool {
        self.known(model).learned.applied(&self.dialect).replay_reasoning
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

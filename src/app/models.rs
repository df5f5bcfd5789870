//! Which models there are, and which one answers when nobody says.

use super::{ConfigError, Loaded, lua_backend::LuaBackend};
use crate::{
    config::{Origin, provider_key_variable},
    domain::{
        BoxFuture,
        chat::{ChatRequest, ChatResponse, Delta, ModelFacts},
        nearest::{is_slip, nearest},
        plan::{AgentSpec, ProviderKind, ProviderSpec},
        secret::SecretRef,
    },
    llm::{
        AttemptError, Backend, KeySource, RetryPolicy, Route, Router, Timeouts,
        discover::{self, FoundProvider, KNOWN, LOCAL_NAMES},
        misnamed,
        openai::OpenAiProvider,
    },
    script::LuaProvider,
};
use std::collections::BTreeMap;

/// The provider that the setting `base_url` makes.
const SERVER: &str = "server";
/// The provider that is there when there is no other.
const DEMO: &str = "demo";

/// The models, and the one that answers when none is named.
pub(super) struct Models {
    pub(super) router: Router,
    /// `provider/model`, or `provider`.
    pub(super) default: String,
    /// Keys that are not there, of providers that may be asked.
    pub(super) missing_keys: Vec<String>,
}

/// Finds the providers and builds a router on them. Connects to nothing but, where nothing is
/// configured, the usual ports of local servers.
pub(super) async fn build(loaded: &Loaded) -> anyhow::Result<Models> {
    let settings = &loaded.settings;
    let mut specs: BTreeMap<String, ProviderSpec> = BTreeMap::new();
    let found = discover::from_env(&|name| loaded.environment.get(name)?.to_str().map(str::to_owned));
    for provider in &found {
        specs.insert(provider.name.clone(), provider.spec());
    }
    if let Some(base_url) = &settings.base_url {
        specs.insert(SERVER.to_owned(), server(base_url, settings.api_key.clone()));
    }
    specs.extend(loaded.plan.providers.clone());

    let mut default = choose(loaded, &specs, &found)?;
    if default.is_none() {
        let servers = discover::local(&settings.local_servers, settings.local_server_timeout).await;
        for server in servers.iter().rev() {
            specs.insert(server.name.clone(), server.spec());
        }
        let named = |model: &str| servers.iter().any(|server| server.name == provider_of(model));
        default = servers.first().and_then(|server| match &settings.model {
            Some(model) if named(model) => Some(model.clone()),
            // Of one kind of server is none there, whatever other there is.
            Some(model) if LOCAL_NAMES.contains(&provider_of(model)) => None,
            Some(model) => {
                let lists = |server: &&FoundProvider| server.models.contains(model);
                let server = servers.iter().find(lists).or((!model.contains('/')).then_some(server));
                server.map(|server| format!("{}/{model}", server.name))
            }
            None => Some(server.name.clone()),
        });
    }
    let default = match (default, &settings.model) {
        (Some(default), _) => default,
        (None, None) => DEMO.to_owned(),
        (None, Some(model)) => {
            let names = specs.keys().map(String::as_str);
            let known = specs.keys().next().map_or("", String::as_str);
            let why = misnamed(names, known, model).filter(|_| !LOCAL_NAMES.contains(&provider_of(model)));
            return Err(why.map_or_else(|| nowhere(model), ConfigError::new).into());
        }
    };
    add_known(&mut specs, &default);
    add_known(&mut specs, "");
    for agent in loaded.plan.agents.values() {
        add_known(&mut specs, agent.model.as_deref().unwrap_or_default());
    }

    check_fallbacks(&specs)?;

    let policy = RetryPolicy {
        retries: settings.retries,
        max_wait: settings.max_retry_wait,
        ..RetryPolicy::default()
    };
    let mut router = Router::new(default.clone(), policy).strict(DEMO);
    for spec in specs.values() {
        router = router.with(&spec.name, route(loaded, spec)?);
    }
    if !specs.contains_key(DEMO) {
        router = router.with(DEMO, Route::new(LuaBackend(LuaProvider::demo(loaded.script.clone()))));
    }
    check_agents(loaded, &router)?;
    let missing_keys = specs.values().filter_map(|spec| missing_key(loaded, spec)).collect();
    Ok(Models { router, default, missing_keys })
}

/// What is wrong with the key of a provider, as far as that can be told without fetching it.
fn missing_key(loaded: &Loaded, spec: &ProviderSpec) -> Option<String> {
    let ProviderKind::OpenAi { api_key: Some(place), .. } = &spec.kind else { return None };
    if loaded.environment.get(&provider_key_variable(&spec.name)).is_some() {
        return None;
    }
    let problem = match place {
        SecretRef::Env(variable) if loaded.environment.get(variable).is_none() => {
            format!("the environment variable {variable} is not set")
        }
        SecretRef::File(path) => {
            let path = loaded.dirs.absolute(path, loaded.located.directory(&loaded.dirs)).ok()?;
            if path.exists() {
                return None;
            }
            format!("there is no file {}", path.display())
        }
        _ => return None,
    };
    let at = if spec.location.is_empty() { String::new() } else { format!("{}: ", spec.location) };
    Some(format!("{at}the provider {} has no key: {problem}", spec.name))
}

/// Each agent's model must be one of the providers'.
fn check_agents(loaded: &Loaded, router: &Router) -> Result<(), ConfigError> {
    for agent in loaded.plan.agents.values() {
        if let Some(why) = agent.model.as_deref().and_then(|model| router.refuses(model)) {
            let AgentSpec { name, location, .. } = agent;
            return Err(ConfigError::new(format!("{location}: pista.agent({name:?}): {why}")));
        }
    }
    Ok(())
}

/// The models for where no network is: those written in Lua answer, servers don't.
pub(super) fn offline(loaded: &Loaded) -> Result<Models, ConfigError> {
    let declared = &loaded.plan.providers;
    check_fallbacks(declared)?;
    let only = if declared.len() == 1 { declared.keys().next() } else { None };
    let default = loaded.settings.model.as_ref().or(only).cloned().unwrap_or_else(|| DEMO.to_owned());
    let mut router = Router::new(default.clone(), RetryPolicy { retries: 0, ..RetryPolicy::default() });
    for spec in declared.values() {
        let mut route = match LuaProvider::new(loaded.script.clone(), spec) {
            Some(provider) => Route::new(LuaBackend(provider)),
            None => Route::new(Unreachable { window: spec.context_window, price: spec.price }),
        };
        route.model.clone_from(&spec.model);
        route.fallback.clone_from(&spec.fallback);
        router = router.with(&spec.name, route);
    }
    Ok(Models { router, default, missing_keys: vec![] })
}

/// A server, where there is no network.
struct Unreachable {
    window: Option<u32>,
    price: Option<(f64, f64)>,
}

impl Backend for Unreachable {
    fn attempt<'a>(
        &'a self,
        _: ChatRequest<'a>,
        _: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, AttemptError>> {
        Box::pin(std::future::ready(Err(AttemptError::config("there is no network here"))))
    }

    fn facts(&self, _: &str) -> ModelFacts {
        ModelFacts { context_window: self.window, price: self.price }
    }
}

fn server(base_url: &str, api_key: Option<SecretRef>) -> ProviderSpec {
    ProviderSpec {
        name: SERVER.to_owned(),
        kind: ProviderKind::OpenAi {
            base_url: base_url.to_owned(),
            api_key,
            dialect: crate::domain::JsonMap::new(),
        },
        fallback: vec![],
        model: None,
        context_window: None,
        price: None,
        location: String::new(),
    }
}

/// The model that configuration and environment ask for; `None`: they ask for none, or for one
/// that nobody there has.
fn choose(
    loaded: &Loaded,
    specs: &BTreeMap<String, ProviderSpec>,
    found: &[FoundProvider],
) -> Result<Option<String>, ConfigError> {
    let settings = &loaded.settings;
    let declared: Vec<&ProviderSpec> = loaded.plan.providers.values().collect();
    let provider = if settings.base_url.is_some() {
        Some(SERVER)
    } else if let [only] = declared[..] {
        Some(only.name.as_str())
    } else if declared.len() > 1 && settings.model.is_none() {
        let names: Vec<&str> = declared.iter().map(|p| p.name.as_str()).collect();
        return Err(ConfigError::new(format!(
            "several providers are declared ({}): choose one with pista.setup {{ model = \"provider/model\" }}",
            names.join(", ")
        )));
    } else {
        found.first().map(|p| p.name.as_str())
    };
    let Some(model) = &settings.model else { return Ok(provider.map(str::to_owned)) };
    let first = provider_of(model);
    if specs.contains_key(first) || first == DEMO {
        return Ok(Some(model.clone()));
    }
    // `ollama/qwen3` means the local server, also where a key would bring other models.
    if settings.base_url.is_none() && declared.is_empty() && LOCAL_NAMES.contains(&first) {
        return Ok(None);
    }
    // `anthropic/claude` means the provider of that name, unless only one that resells it is there.
    let reseller = specs.contains_key("openrouter").then_some("openrouter");
    let known = model.contains('/') && KNOWN.iter().any(|known| known.name == first);
    if !known && model.contains('/') && !is_of_base_url(loaded, first) {
        // A server on this machine may list it.
        let Some(provider) = provider else { return Ok(None) };
        let why = misnamed(specs.keys().map(String::as_str), provider, model);
        return Err(ConfigError::new(why.unwrap_or_default()));
    }
    Ok(match (known, reseller, provider) {
        (true, Some(reseller), _) => Some(format!("{reseller}/{model}")),
        (true, None, Some(SERVER)) => Some(format!("{SERVER}/{model}")),
        (true, None, _) => Some(model.clone()),
        (false, _, Some(provider)) => Some(format!("{provider}/{model}")),
        (false, _, None) => None,
    })
}

/// Whether a name that begins with `first`, which is no provider, is a model of the one server that
/// `base_url` gives: models have slashes in their names, too. What was typed for this run, and what is a
/// slip of a well-known provider's name, is no such thing.
fn is_of_base_url(loaded: &Loaded, first: &str) -> bool {
    let settings = &loaded.settings;
    let typed = matches!(settings.origin("model"), Some(Origin::Flag { .. }));
    let slip = KNOWN.iter().any(|known| is_slip(first, known.name));
    settings.base_url.is_some() && !typed && !slip
}

/// What stands before the first slash.
fn provider_of(model: &str) -> &str {
    model.split('/').next().unwrap_or_default()
}

fn nowhere(model: &str) -> ConfigError {
    let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
    ConfigError::new(format!(
        "no provider is there for the model {model:?}: set a key such as OPENAI_API_KEY, give base_url, start a \
         local server, or name it as provider/model (known providers: {})",
        names.join(", ")
    ))
}

/// Adds the well-known provider that `model` names, although its key is not there: calling it then
/// says which variable to set.
fn add_known(specs: &mut BTreeMap<String, ProviderSpec>, model: &str) {
    let mut wanted = vec![model.to_owned()];
    wanted.extend(specs.values().flat_map(|spec| spec.fallback.clone()));
    for name in wanted {
        let first = name.split('/').next().unwrap_or_default();
        if let Some(known) = KNOWN.iter().find(|known| known.name == first && !specs.contains_key(first)) {
            let provider = FoundProvider {
                name: known.name.to_owned(),
                base_url: known.base_url.to_owned(),
                key_variable: known.key_variables.first().map(|v| (*v).to_owned()),
                model: Some(known.model.to_owned()),
                context_window: None,
                models: vec![],
                found: String::new(),
            };
            specs.insert(known.name.to_owned(), provider.spec());
        }
    }
}

/// A fallback that nobody answers to would be taken for a model of the default provider.
fn check_fallbacks(specs: &BTreeMap<String, ProviderSpec>) -> Result<(), ConfigError> {
    for spec in specs.values() {
        for name in &spec.fallback {
            let provider = provider_of(name);
            if provider != DEMO && !specs.contains_key(provider) {
                let hint = nearest(provider, specs.keys().map(String::as_str))
                    .map(|near| format!("; did you mean {near:?}?"))
                    .unwrap_or_default();
                return Err(ConfigError::new(format!(
                    "{}: the fallback {name:?} of {} names no provider{hint}",
                    spec.location, spec.name
                )));
            }
        }
    }
    Ok(())
}

fn route(loaded: &Loaded, spec: &ProviderSpec) -> Result<Route, ConfigError> {
    let mut spec = spec.clone();
    spec.context_window = spec.context_window.or(loaded.settings.context_window);
    let mut route = match &spec.kind {
        ProviderKind::Lua { .. } => {
            let provider = LuaProvider::new(loaded.script.clone(), &spec)
                .ok_or_else(|| ConfigError::new(format!("{}: not a Lua provider", spec.location)))?;
            Route::new(LuaBackend(provider))
        }
        ProviderKind::OpenAi { api_key, .. } => {
            // The environment overrides every key, also of those declared.
            let variable = provider_key_variable(&spec.name);
            let overridden = loaded.environment.get(&variable).map(|_| SecretRef::Env(variable));
            let key = overridden.or_else(|| api_key.clone()).map(|place| key_source(loaded, place));
            let provider = OpenAiProvider::from_spec(&spec, key, timeouts(loaded))
                .ok_or_else(|| ConfigError::new(format!("{}: not a server", spec.location)))?
                .map_err(|error| {
                    let at = if spec.location.is_empty() { &spec.name } else { &spec.location };
                    ConfigError::new(format!("{at}: {error}"))
                })?;
            Route::new(provider)
        }
    };
    route.model.clone_from(&spec.model);
    route.fallback.clone_from(&spec.fallback);
    Ok(route)
}

fn timeouts(loaded: &Loaded) -> Timeouts {
    let settings = &loaded.settings;
    Timeouts {
        connect: settings.connect_timeout,
        first_token: Some(settings.first_token_timeout),
        first_token_local: Some(settings.local_first_token_timeout),
        idle: settings.idle_timeout,
        ..Timeouts::default()
    }
}

fn key_source(loaded: &Loaded, place: SecretRef) -> KeySource {
    let secrets = loaded.secrets.clone();
    let runtime = tokio::runtime::Handle::current();
    let at = place.clone();
    // The reader is called off the runtime's thread, where blocking on it is fine.
    KeySource::new(place, move || {
        runtime.block_on(secrets.resolve(&at)).map(Some).map_err(|error| error.to_string())
    })
}

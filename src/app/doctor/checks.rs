//! The checks, each by using the thing.

use super::{Finding, Health};
use crate::{
    app::{Loaded, models, oddities, sandboxes, services::cron::zone_here, skills},
    config::writable,
    domain::{
        causes::causes,
        chat::{ChatRequest, LlmProvider},
        message::Message,
    },
    sandbox::{Exit, Keep, Limits, wasm::Job},
    tool::container::{Place, Task},
};
use serde_json::json;
use std::{
    os::unix::fs::PermissionsExt,
    time::{Duration, SystemTime},
};

/// How long the model may take.
const MODEL_PATIENCE: Duration = Duration::from_secs(60);
/// No clock that is right shows an earlier time: 2026-11-01.
const EARLIEST: u64 = 1_793_491_200;

pub(super) fn configuration(loaded: &Loaded) -> Finding {
    let source = match &loaded.located.init {
        Some(path) => path.display().to_string(),
        None => "built-in init.lua".to_owned(),
    };
    let plan = &loaded.plan;
    let counts = format!(
        "{source}: agents {}, tools {}, hooks {}, providers {}",
        plan.agents.len().max(1),
        plan.tools.len(),
        plan.hooks.len(),
        plan.providers.len()
    );
    Finding::ok("configuration", counts)
}

pub(super) fn permissions(loaded: &Loaded) -> Finding {
    let files = [loaded.located.init.clone(), loaded.located.toml.clone()];
    if let Some(warning) = files.into_iter().flatten().find_map(|path| writable(&path)) {
        return Finding::new("permissions", Health::Warn, warning);
    }
    let open = |path: &std::path::Path| {
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    };
    let database = &loaded.settings.database;
    if open(database) {
        let seen = format!("{} can be read by others: conversations are in it", database.display());
        return Finding::new("permissions", Health::Warn, seen)
            .with(format!("chmod 600 {}", database.display()));
    }
    Finding::ok("permissions", "nobody else can change the configuration or read the database")
}

/// Who may approve calls, and where.
pub(super) fn approvals(loaded: &Loaded) -> Finding {
    let mut seen = vec!["you at the terminal".to_owned(), "devices of role owner".to_owned()];
    let mut nobody = vec![];
    for channel in loaded.plan.channels.values() {
        let owners = channel.owners();
        if owners.is_empty() {
            nobody.push(channel.name.as_str());
        } else {
            seen.push(format!("{} on {}", owners.join(", "), channel.name));
        }
    }
    let seen = seen.join("; ");
    if nobody.is_empty() {
        return Finding::ok("approvals", seen);
    }
    let seen = format!("{seen}; nobody on {}: there, what asks is refused", nobody.join(", "));
    Finding::new("approvals", Health::Warn, seen)
        .with("name the people who may approve: owners = { \u{2026} } in pista.channel (an HTTP channel needs a token)")
}

/// The directory that tools work in, here and now.
pub(super) fn workspace(loaded: &Loaded) -> Finding {
    const CHECK: &str = "workspace";
    let workspace = loaded.workspace();
    let shown = workspace.display();
    if let Some(oddity) = oddities::workspace(loaded) {
        return Finding::new(CHECK, Health::Warn, oddity);
    }
    if !workspace.is_dir() {
        return Finding::new(CHECK, Health::Fail, format!("{shown} is not a directory"))
            .with("make it, or set `workspace` to another");
    }
    match rustix::fs::access(&workspace, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Ok(()) if loaded.settings.workspace.is_some() => Finding::ok(CHECK, shown.to_string()),
        Ok(()) => {
            Finding::ok(CHECK, format!("{shown} here; {} of a daemon", loaded.own_workspace().display()))
        }
        Err(error) => Finding::new(CHECK, Health::Warn, format!("{shown}: tools can't write there: {error}"))
            .with("set `workspace` to another directory, or change its mode"),
    }
}

pub(super) fn clock(loaded: &Loaded) -> Finding {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    if now < EARLIEST {
        let seen = "the clock is years behind: certificates and schedules will be wrong";
        return Finding::new("clock", Health::Fail, seen).with("set it, for example by NTP");
    }
    let here = zone_here(loaded);
    if let Some(problem) = here.problem {
        return Finding::new("clock", Health::Warn, problem);
    }
    let offset = here.zone.offset(i64::try_from(now).unwrap_or(i64::MAX));
    Finding::ok("clock", format!("plausible; the time zone is {} ({offset})", here.zone))
}

pub(super) async fn database(loaded: &Loaded) -> Finding {
    let place = loaded.settings.database.display().to_string();
    let checked = match loaded.memory() {
        Ok(memory) => memory.check().await.map_err(|error| error.to_string()),
        Err(error) => Err(causes(error.as_ref())),
    };
    match checked {
        Ok(problems) if problems.is_empty() => Finding::ok("database", format!("{place}: whole")),
        Ok(problems) => Finding::new("database", Health::Fail, format!("{place}: {}", problems.join("; ")))
            .with(
                "stop what uses it, then `openpista restore BACKUP`; a copy may be beside it, ending in .bak",
            ),
        Err(error) => Finding::new("database", Health::Fail, error),
    }
}

/// A real completion.
pub(super) async fn model(loaded: &Loaded) -> Finding {
    let models = match models::build(loaded).await {
        Ok(models) => models,
        Err(error) => return Finding::new("model", Health::Fail, causes(error.as_ref())),
    };
    let model = models.router.chain(&models.default).into_iter().next().unwrap_or_default();
    if model == "demo" || model.starts_with("demo/") {
        return Finding::new("model", Health::Warn, "the built-in demo answers")
            .with("set a key such as OPENAI_API_KEY, or start a local server such as Ollama");
    }
    let messages = [Message::user("Answer with the word: ready")];
    let request = ChatRequest {
        model: &models.default,
        system: "You are being tested.",
        messages: &messages,
        tools: &[],
        max_tokens: Some(200),
    };
    let began = std::time::Instant::now();
    let mut sink = |_| ();
    match tokio::time::timeout(MODEL_PATIENCE, models.router.chat(request, &mut sink)).await {
        Ok(Ok(response)) => {
            let took = began.elapsed().as_secs_f64();
            Finding::ok("model", format!("{} answered in {took:.1} s", response.model))
        }
        Ok(Err(error)) => Finding::new("model", Health::Fail, format!("{model}: {error}"))
            .with("check the key and the address: openpista config show --origin"),
        Err(_) => {
            let seen = format!("{model} did not answer within {} s", MODEL_PATIENCE.as_secs());
            Finding::new("model", Health::Fail, seen)
                .with("is its server loaded down, or still loading the model?")
        }
    }
}

pub(super) async fn skills(loaded: &Loaded) -> Finding {
    let library = match skills::shelf(loaded).library().await {
        Ok(library) => library,
        Err(error) => return Finding::new("skills", Health::Fail, error.to_string()),
    };
    if let Some(first) = library.problems().first() {
        let seen = format!("{}: {}", first.folder.display(), first.messages.join("; "));
        return Finding::new("skills", Health::Warn, seen).with("openpista skills check shows all of them");
    }
    let usable = library.all().filter(|skill| skill.trust.is_usable()).count();
    let odd = library.all().filter(|skill| !skill.remarks.is_empty()).count();
    let seen = format!("{} found, {usable} trusted", library.all().count());
    match odd {
        0 => Finding::ok("skills", seen),
        _ => Finding::ok(
            "skills",
            format!("{seen}, {odd} with a SKILL.md that openpista skills check remarks on"),
        ),
    }
}

pub(super) fn keep(loaded: &Loaded) -> Keep {
    Keep { dir: loaded.dirs.state.join("outputs"), filter: None }
}

/// A guest that greets.
pub(super) async fn wasm(loaded: &Loaded) -> Finding {
    let module = include_bytes!("../../../skills/hello-wasm/skill.wasm").to_vec();
    let input = json!({"id": "1", "name": "hello-wasm", "args": {"name": "doctor"}});
    let job = Job { module, input, workspace: Some(loaded.workspace()), fuel: None };
    match skills::wasm(loaded).run(job, &Limits::default(), &keep(loaded)).await {
        Ok(outcome) if outcome.exit == Exit::Done => Finding::ok(
            "webassembly",
            format!("a guest ran in {:.1} ms", outcome.duration.as_secs_f64() * 1e3),
        ),
        Ok(outcome) => Finding::new("webassembly", Health::Fail, outcome.problem.unwrap_or_default()),
        Err(error) => Finding::new("webassembly", Health::Fail, error.to_string()),
    }
}

/// A container that does nothing, in the first profile.
pub(super) async fn docker(loaded: &Loaded) -> Finding {
    let profiles = match sandboxes::profiles(loaded) {
        Ok(profiles) => profiles,
        Err(error) => return Finding::new("docker", Health::Fail, error.to_string()),
    };
    let Some(name) = profiles.names().next().map(str::to_owned) else {
        return match sandboxes::docker(loaded).version().await {
            Ok(version) => {
                Finding::ok("docker", format!("engine {version}; no profile uses it (pista.sandbox)"))
            }
            Err(error) => Finding::new("docker", Health::Skip, format!("no profile needs it, and {error}")),
        };
    };
    let task = Task { profile: Some(name.clone()), argv: vec!["true".into()], ..Task::default() };
    match profiles.run(task, &|_| ()).await {
        Ok(done) if done.place == Place::Process => Finding::new(
            "docker",
            Health::Warn,
            format!("no engine answers: the profile {name} runs as a confined process"),
        )
        .with("start Docker, or set DOCKER_HOST"),
        Ok(done) if done.exit == Exit::Done => Finding::ok(
            "docker",
            format!("a container of the profile {name} ran in {:.1} s", done.duration.as_secs_f64()),
        ),
        Ok(done) => Finding::new(
            "docker",
            Health::Fail,
            format!("the profile {name}: `true` ends as {}", done.exit.name()),
        ),
        Err(error) => Finding::new("docker", Health::Fail, error.message),
    }
}

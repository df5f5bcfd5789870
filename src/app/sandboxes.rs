//! The sandboxes of a configuration: profiles whose mounts were checked, and the engine for them.

use super::{ConfigError, Loaded, toolset};
use crate::{
    domain::sandbox::{ProfileMount, SandboxProfile},
    sandbox::docker::Docker,
    tool::{Options, container::Profiles},
    worker::Workers,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What no container may see, whatever a profile says: the way to the engine itself, and the system's
/// own directories.
const NEVER: &[&str] = &[
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/boot",
    "/run",
    "/var/run",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/root",
];
/// Nor, by any of these names in the path.
const NEVER_NAMED: &[&str] =
    &["docker.sock", "containerd.sock", "podman.sock", ".ssh", ".gnupg", ".aws", ".kube"];

/// The Docker engine of this installation.
pub(super) fn docker(loaded: &Loaded) -> Docker {
    loaded.process().docker(&loaded.dirs.state).clone()
}

/// The profiles of the plan.
pub(super) fn profiles(loaded: &Loaded) -> Result<Arc<Profiles>, ConfigError> {
    profiles_with(loaded, toolset::options(loaded))
}

/// The same with what `options` give to what runs in them.
pub(super) fn profiles_with(loaded: &Loaded, options: Options) -> Result<Arc<Profiles>, ConfigError> {
    let mut profiles = BTreeMap::new();
    for profile in loaded.plan.sandboxes.values() {
        let mut profile: SandboxProfile = profile.clone();
        for mount in &mut profile.mounts {
            mount.host = checked(loaded, mount).map_err(|problem| {
                ConfigError::new(format!("{}: pista.sandbox: mounts: {problem}", profile.location))
            })?;
        }
        profiles.insert(profile.name.clone(), profile);
    }
    let notice = loaded.notice();
    let progress = move |text: &str| match &notice {
        Some(notice) => notice(text),
        None => tracing::info!("{text}"),
    };
    Ok(Arc::new(Profiles::new(profiles, docker(loaded), options, Arc::new(progress))))
}

/// Removes, in the background, the containers that a program left behind which died. Where no profile is
/// declared there are none, and no engine is asked.
pub(super) fn sweep(loaded: &Loaded) {
    if loaded.plan.sandboxes.is_empty() {
        return;
    }
    if let Ok(profiles) = profiles(loaded) {
        profiles.engine();
    }
}

/// Workers in these profiles, with what `options` give to their tools.
pub(super) fn workers(loaded: &Loaded, profiles: Arc<Profiles>, options: Options) -> Arc<Workers> {
    let process = loaded.process();
    Arc::new(Workers::new(
        profiles,
        process.door.clone(),
        Arc::clone(&process.places),
        loaded.settings.worker_binary.clone(),
        options,
        loaded.settings.max_tool_rounds,
    ))
}

/// The mount's directory, absolute and without links, if a container may see it.
fn checked(loaded: &Loaded, mount: &ProfileMount) -> Result<PathBuf, String> {
    let base = loaded.located.directory(&loaded.dirs);
    let given = mount.host.to_string_lossy();
    let path = loaded.dirs.absolute(&given, base).map_err(|problem| format!("{given:?} {problem}"))?;
    let path = path.canonicalize().map_err(|error| format!("{given:?}: {error}"))?;
    let refuse = |why: &str| Err(format!("{given:?}: {why}"));
    if path == Path::new("/") || loaded.dirs.home.as_deref() == Some(&path) {
        return refuse("a container may not see all of it; name a directory below");
    }
    let own = [&loaded.dirs.config, &loaded.dirs.state, &loaded.dirs.run];
    let own = own.into_iter().filter_map(|dir| dir.canonicalize().ok());
    let never = NEVER.iter().filter_map(|dir| Path::new(dir).canonicalize().ok()).chain(own);
    for dir in never {
        if path.starts_with(&dir) || dir.starts_with(&path) {
            return refuse("a container never sees that: it would be a way out of it");
        }
    }
    let named = path.components().any(|part| NEVER_NAMED.iter().any(|name| part.as_os_str() == *name));
    if named {
        return refuse("a container never sees that: it holds keys, or is a way out of it");
    }
    Ok(path)
}

//! The sandboxes of a configuration: profiles whose mounts were checked, and the engine for them.

use super::{ConfigError, Loaded, toolset};
use crate::{
    domain::sandbox::{ProfileMount, SandboxProfile, WorkspaceAccess},
    sandbox::docker::Docker,
    tool::{Options, container::Profiles},
    worker::Workers,
};
use std::{
    collections::BTreeMap,
    fs::Metadata,
    os::unix::fs::MetadataExt,
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

/// What of the profiles cannot work, or reaches further than one may think.
pub(super) fn oddities(loaded: &Loaded) -> Vec<String> {
    let workspace = loaded.workspace();
    let told = |profile: &SandboxProfile| {
        let (writes, sees) = match profile.workspace {
            WorkspaceAccess::None => return None,
            WorkspaceAccess::Read => (false, "read"),
            WorkspaceAccess::Write => (true, "write to"),
        };
        let found = std::fs::metadata(&workspace).ok()?;
        let problem = match &profile.user {
            Some(user) if !may(user, &found, writes) => format!(
                "may not {sees} the workspace {}, which belongs to {}:{} with mode {:o}: leave `user` away, and it runs \
                 as the workspace's own",
                workspace.display(),
                found.uid(),
                found.gid(),
                found.mode() & 0o777
            ),
            None if writes && found.uid() == 0 && rustix::process::geteuid().is_root() => format!(
                "runs as root, without any of its powers: the workspace {} belongs to root; give it to another user, or \
                 set `user`",
                workspace.display()
            ),
            _ => return None,
        };
        Some(format!("{}: pista.sandbox: the profile {} {problem}", profile.location, profile.name))
    };
    loaded.plan.sandboxes.values().filter_map(told).collect()
}

/// Whether a user, `uid:gid`, may enter a directory and read it, or also write to it.
fn may(user: &str, directory: &Metadata, writes: bool) -> bool {
    let mut numbers = user.split(':').map(|number| number.parse::<u32>().ok());
    let (uid, gid) = (numbers.next().flatten(), numbers.next().flatten());
    let bits = if writes { 0o7 } else { 0o5 };
    let shift = match () {
        () if uid == Some(directory.uid()) => 6,
        () if gid == Some(directory.gid()) => 3,
        () => 0,
    };
    directory.mode() >> shift & bits == bits
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

//! Running tasks by profile: in a container, or, where the profile allows it and no engine answers, as
//! a confined process.

use super::{Done, Task, Undone};
use crate::{
    domain::{
        event::TurnEvent,
        nearest::suggestion,
        sandbox::{SandboxProfile, WorkspaceAccess},
    },
    policy::Nested,
    sandbox::{
        Limits,
        docker::{Container, DEFAULT_MEMORY, Docker, DockerError, Mount, Progress, User, WORKSPACE},
        process::{Command, Confinement, environment, run},
    },
    tool::{HEADING_ROOM, Options},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Once},
    time::Duration,
};

/// The profile that counts where none is named and there are several.
const DEFAULT: &str = "default";
/// How long a container may take when neither call nor profile says.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Where a task ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a container.
    Container,
    /// On the machine itself.
    Process,
}

/// The profiles that are declared, with mounts that were checked.
pub struct Profiles {
    profiles: BTreeMap<String, SandboxProfile>,
    docker: Docker,
    options: Options,
    progress: Arc<dyn Fn(&str) + Send + Sync>,
    swept: Once,
}

impl Profiles {
    /// These profiles, their host paths absolute. `progress` is told of long work of calls that nobody
    /// watches.
    pub fn new(
        profiles: BTreeMap<String, SandboxProfile>,
        docker: Docker,
        options: Options,
        progress: Arc<dyn Fn(&str) + Send + Sync>,
    ) -> Self {
        Self { profiles, docker, options, progress, swept: Once::new() }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The profile of that name, or the only one.
    ///
    /// # Errors
    /// When there is none, or it is not clear which.
    pub fn get(&self, name: Option<&str>) -> Result<&SandboxProfile, String> {
        const ADVICE: &str = "pista.sandbox(\"build\", { image = \"…\" }) in init.lua declares one";
        let mut all = self.profiles.values();
        match (name, all.next(), all.next()) {
            (_, None, _) => Err(format!("no profile for containers is declared: {ADVICE}")),
            (None, Some(only), None) => Ok(only),
            (None, ..) if self.profiles.contains_key(DEFAULT) => Ok(&self.profiles[DEFAULT]),
            (None, ..) => {
                let names: Vec<&str> = self.names().collect();
                Err(format!("there are several profiles, say which: {}", names.join(", ")))
            }
            (Some(name), ..) => self.profiles.get(name).ok_or_else(|| {
                let names: Vec<&str> = self.names().collect();
                format!("there is no profile {name:?} ({})", suggestion(name, names.iter().copied()))
            }),
        }
    }

    /// Tells of long work: whoever watches the call, or else whoever is told what a person should know.
    pub fn progress<'a>(&'a self, nested: &'a dyn Nested) -> impl Fn(&str) + Send + Sync + 'a {
        move |text: &str| match nested.watched() {
            true => nested.tell(TurnEvent::Notice { text: text.to_owned() }),
            false => (self.progress)(text),
        }
    }

    /// Runs a task to its end. `progress` is told of long work before it.
    ///
    /// # Errors
    /// What is missing or refused, or that it is not known what became of it.
    pub async fn run(&self, task: Task, progress: Progress<'_>) -> Result<Done, Undone> {
        let profile = self.get(task.profile.as_deref())?;
        let limits = self.limits(profile, &task)?;
        let container = self.container(profile, &task)?;
        let keep = self.options.keep();
        match self.engine().run(&container, &limits, &keep, progress).await {
            Ok(outcome) => Ok(Done {
                exit: outcome.exit,
                out_of_memory: outcome.out_of_memory,
                stdout: outcome.stdout,
                stderr: outcome.stderr,
                duration: outcome.duration,
                place: Place::Container,
                limit: limits.timeout,
            }),
            Err(DockerError::Unreachable { .. }) if profile.fallback => {
                tracing::warn!(
                    profile = profile.name,
                    "no Docker engine answers: running as a confined process"
                );
                Ok(self.confined(profile, task, &limits).await?)
            }
            Err(error @ DockerError::Unreachable { .. }) => Err(format!(
                "{error}. Nothing was run: the profile {} does not allow a process in its place (fallback = \"process\")",
                profile.name
            )
            .into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The profile that a task is for, and the container that it would run in.
    ///
    /// # Errors
    /// For a person to read: what is missing.
    pub fn prepared(&self, task: &Task) -> Result<(&SandboxProfile, Container), String> {
        let profile = self.get(task.profile.as_deref())?;
        Ok((profile, self.container(profile, task)?))
    }

    /// The engine. The first time, what programs left there that died is swept up, beside everything else.
    /// Needs a tokio runtime.
    pub fn engine(&self) -> &Docker {
        self.swept.call_once(|| self.docker.sweep_aside());
        &self.docker
    }

    /// The limits of a task. What a profile says itself goes beyond the setting.
    fn limits(&self, profile: &SandboxProfile, task: &Task) -> Result<Limits, String> {
        let most = self.options.max_timeout.max(profile.timeout.unwrap_or_default());
        let timeout = match task.timeout {
            Some(time) if time > most => {
                return Err(format!(
                    "timeout must be at most {} seconds: the setting max_tool_timeout, or the profile's own timeout, \
                     allows more",
                    most.as_secs_f64()
                ));
            }
            Some(time) => time,
            None => profile.timeout.unwrap_or(DEFAULT_TIMEOUT.min(self.options.max_timeout)),
        };
        let limits = self.options.limits();
        let output_chars = limits.output_chars.saturating_sub(HEADING_ROOM);
        Ok(Limits { timeout, memory_bytes: profile.memory_bytes, output_chars, ..limits })
    }

    fn container(&self, profile: &SandboxProfile, task: &Task) -> Result<Container, String> {
        let image = task
            .image
            .clone()
            .or_else(|| profile.image.clone())
            .ok_or_else(|| format!("{}: the profile {} has no image", profile.location, profile.name))?;
        let mut container = Container::new(image, task.argv.clone());
        container.stdin.clone_from(&task.stdin);
        container.env =
            profile.env.iter().map(|(k, v)| (k.clone(), v.clone())).chain(task.env.clone()).collect();
        container.network = profile.network;
        container.cpus = profile.cpus.unwrap_or(container.cpus);
        container.pids = profile.pids.unwrap_or(container.pids);
        if profile.workspace != WorkspaceAccess::None {
            container.mounts.push(Mount {
                host: self.options.workspace.clone(),
                guest: WORKSPACE.into(),
                writable: profile.workspace == WorkspaceAccess::Write,
            });
        }
        for mount in &profile.mounts {
            let (host, guest) = (mount.host.clone(), mount.guest.clone());
            container.mounts.push(Mount { host, guest, writable: mount.writable });
        }
        if let Some((folder, guest)) = &task.folder {
            container.mounts.push(Mount { host: folder.clone(), guest: guest.clone(), writable: false });
        }
        container.user = match &profile.user {
            Some(user) => User::Fixed(user.clone()),
            None => user(&container.mounts).unwrap_or(container.user),
        };
        Ok(container)
    }

    /// As a process that limits itself: same time and memory, and of the machine's files the same.
    async fn confined(&self, profile: &SandboxProfile, task: Task, limits: &Limits) -> Result<Done, String> {
        let scratch = tempfile(&self.options.spill_dir)?;
        let mut readable: Vec<PathBuf> =
            profile.mounts.iter().filter(|m| !m.writable).map(|m| m.host.clone()).collect();
        let mut writable: Vec<PathBuf> =
            profile.mounts.iter().filter(|m| m.writable).map(|m| m.host.clone()).collect();
        match profile.workspace {
            WorkspaceAccess::None => {}
            WorkspaceAccess::Read => readable.push(self.options.workspace.clone()),
            WorkspaceAccess::Write => writable.push(self.options.workspace.clone()),
        }
        readable.extend(task.folder.iter().map(|(folder, _)| folder.clone()));
        writable.push(scratch.path.clone());
        let confinement = Confinement {
            readable,
            writable,
            memory_bytes: limits.memory_bytes.unwrap_or(DEFAULT_MEMORY),
            seconds: limits.timeout.as_secs().max(1),
        };
        // A folder has another place than in a container.
        let moved = |word: &String| match &task.folder {
            Some((folder, guest)) => word.replace(guest, &folder.to_string_lossy()),
            None => word.clone(),
        };
        let argv: Vec<String> = task.argv.iter().map(moved).collect();
        let mut env = environment(&[]);
        env.insert("TMPDIR".into(), scratch.path.clone().into());
        env.insert("HOME".into(), scratch.path.clone().into());
        for (name, value) in profile.env.iter().map(|(k, v)| (k.clone(), v.clone())).chain(task.env.clone()) {
            env.insert(name.into(), moved(&value).into());
        }
        let cwd = match profile.workspace {
            WorkspaceAccess::None => scratch.path.clone(),
            _ => self.options.workspace.clone(),
        };
        let argv = confinement.wrap(&argv).map_err(|error| error.to_string())?;
        let command = Command { argv, cwd, env, stdin: task.stdin };
        let outcome = run(command, limits, &self.options.keep()).await.map_err(|error| error.to_string())?;
        Ok(Done {
            exit: outcome.exit,
            out_of_memory: false,
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            duration: outcome.duration,
            place: Place::Process,
            limit: limits.timeout,
        })
    }
}

/// Whom a container has to be so that it can do with directories of the machine's what it may; `None`:
/// anybody. What it writes is then the user's: that of this program, or, where that is root, of whoever
/// the directory belongs to.
fn user(mounts: &[Mount]) -> Option<User> {
    use std::os::unix::fs::MetadataExt;
    let needs = |mount: &&Mount| {
        let open = std::fs::metadata(&mount.host)
            .is_ok_and(|found| !found.is_dir() || found.mode() & 0o005 == 0o005);
        mount.writable || !open
    };
    let mount = mounts.iter().find(needs)?;
    let own = User::Of { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() };
    if !rustix::process::geteuid().is_root() {
        return Some(own);
    }
    let found = std::fs::metadata(&mount.host).ok();
    Some(found.map_or(own, |found| User::Of { uid: found.uid(), gid: found.gid() }))
}

/// A directory that is gone when this is dropped.
struct Scratch {
    path: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn tempfile(below: &std::path::Path) -> Result<Scratch, String> {
    use std::os::unix::fs::DirBuilderExt;
    let path = below.join(format!("scratch-{}", ulid::Ulid::generate().to_string().to_ascii_lowercase()));
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Scratch { path })
}

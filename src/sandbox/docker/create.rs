//! From what is to run to what the engine is asked for.

use super::{Container, DEFAULT_MEMORY, Docker, TMP_SIZE, User, WORKSPACE, client::Numbers, now};
use crate::sandbox::Limits;
use bollard::models::{ContainerCreateBody, HostConfig, Mount as EngineMount, MountBindOptions, MountType};
use std::{collections::HashMap, time::Duration};

/// Marks a container of ours with whose it is: the path of a state directory.
pub(super) const OWNER: &str = "openpista.owner";
/// The installation that it belongs to.
pub(super) const INSTALLATION: &str = "openpista.installation";
/// The program that made it, as an instance of the installation.
pub(super) const INSTANCE: &str = "openpista.instance";
/// Its process, for people.
const PROCESS: &str = "openpista.pid";
/// When it is past its time, in seconds since 1970.
pub(super) const EXPIRES: &str = "openpista.expires";
/// How long after its time-out a container counts as left behind.
const SLACK: Duration = Duration::from_secs(60);

pub(super) fn body(
    container: &Container,
    limits: &Limits,
    engine: &Docker,
    numbers: Numbers,
) -> ContainerCreateBody {
    let Container { image, argv, stdin, env, cwd, mounts, network, user, cpus, pids, writable_root } =
        container;
    let sees_workspace = mounts.iter().any(|mount| mount.guest == WORKSPACE);
    let expires = now() + (limits.timeout + SLACK).as_secs();
    let memory = i64::try_from(limits.memory_bytes.unwrap_or(DEFAULT_MEMORY)).unwrap_or(i64::MAX);
    ContainerCreateBody {
        image: Some(image.clone()),
        cmd: (!argv.is_empty()).then(|| argv.clone()),
        // The program is what was asked for, not what the image wraps around it.
        entrypoint: (!argv.is_empty()).then(Vec::new),
        env: Some(env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: Some(number(user, numbers)),
        working_dir: cwd.clone().or_else(|| sees_workspace.then(|| WORKSPACE.to_owned())),
        attach_stdin: Some(stdin.is_some()),
        open_stdin: Some(stdin.is_some()),
        stdin_once: Some(stdin.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        // A terminal would mix the streams, and the engine's framing of them.
        tty: Some(false),
        labels: Some(labels(engine, expires)),
        network_disabled: Some(!network),
        host_config: Some(HostConfig {
            network_mode: Some(if *network { "bridge" } else { "none" }.into()),
            memory: Some(memory),
            // The same: no swap besides.
            memory_swap: Some(memory),
            nano_cpus: Some((cpus * 1e9) as i64),
            pids_limit: Some(i64::from(*pids)),
            readonly_rootfs: Some(!writable_root),
            cap_drop: Some(vec!["ALL".into()]),
            security_opt: Some(vec!["no-new-privileges".into()]),
            tmpfs: Some(HashMap::from([(
                "/tmp".into(),
                format!("rw,nosuid,nodev,mode=1777,size={TMP_SIZE}"),
            )])),
            mounts: Some(mounts.iter().map(mount).collect()),
            // Its output is read as it comes; the engine need not keep a copy on the disk.
            log_config: Some(bollard::models::HostConfigLogConfig { typ: Some("none".into()), config: None }),
            // Else nobody in the container would be the user whose directory it writes to.
            userns_mode: (matches!(user, User::Of { .. }) && numbers == Numbers::Shifted)
                .then(|| "host".into()),
            init: Some(false),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn labels(engine: &Docker, expires: u64) -> HashMap<String, String> {
    let mut labels = vec![
        (OWNER, engine.owner.to_string()),
        (PROCESS, std::process::id().to_string()),
        (EXPIRES, expires.to_string()),
    ];
    if let Some(life) = engine.life() {
        labels.push((INSTALLATION, life.installation.to_string()));
        labels.push((INSTANCE, life.instance.id().to_owned()));
    }
    labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What the engine is to be told so that the container runs as the user that is meant.
fn number(user: &User, numbers: Numbers) -> String {
    match user {
        User::Fixed(user) => user.clone(),
        // Its root is the user that the engine belongs to.
        User::Of { .. } if numbers == Numbers::Rootless => "0:0".into(),
        User::Of { uid, gid } => format!("{uid}:{gid}"),
    }
}

fn mount(mount: &super::Mount) -> EngineMount {
    EngineMount {
        typ: Some(MountType::BIND),
        source: Some(mount.host.to_string_lossy().into_owned()),
        target: Some(mount.guest.clone()),
        read_only: Some(!mount.writable),
        bind_options: Some(MountBindOptions::default()),
        ..EngineMount::default()
    }
}

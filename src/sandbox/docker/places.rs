//! Where engines listen.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// Where the engine of the system listens.
const SYSTEM: &str = "/var/run/docker.sock";
/// Where engines of a user listen, below the directory for that user's sockets: Docker without root,
/// and Podman.
const OF_THE_USER: &[&str] = &["docker.sock", "podman/podman.sock"];
/// Where programs for the desktop put the socket, below the home directory.
const AT_HOME: &[&str] = &[
    ".docker/run/docker.sock",
    ".docker/desktop/docker.sock",
    ".colima/default/docker.sock",
    ".orbstack/run/docker.sock",
    ".rd/docker.sock",
    ".local/share/containers/podman/machine/podman.sock",
];
/// Podman of the system.
const PODMAN: &str = "/run/podman/podman.sock";

/// Where an engine may listen, those first that are to be tried first: what `DOCKER_HOST` says, or the
/// usual places. `runtime` is the directory for the user's sockets (`XDG_RUNTIME_DIR`).
pub fn places(host: Option<&str>, runtime: Option<&OsStr>, home: Option<&Path>) -> Vec<String> {
    if let Some(host) = host.filter(|host| !host.is_empty()) {
        return vec![host.to_owned()];
    }
    let usual = PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw()));
    let runtime = runtime.filter(|dir| !dir.is_empty()).map_or(usual, PathBuf::from);
    let mut paths = vec![PathBuf::from(SYSTEM)];
    paths.extend(OF_THE_USER.iter().map(|below| runtime.join(below)));
    paths.extend(home.into_iter().flat_map(|home| AT_HOME.iter().map(|below| home.join(below))));
    paths.push(PODMAN.into());
    paths.into_iter().map(|path| format!("unix://{}", path.display())).collect()
}

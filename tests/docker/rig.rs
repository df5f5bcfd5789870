//! The engine under test, and an image to run: busybox and nothing else.

use openpista::sandbox::{
    Keep, Limits,
    docker::{Container, ContainerOutcome, Docker, DockerError},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

/// The image of these tests.
pub(crate) const IMAGE: &str = "openpista-test:busybox";
/// Catches hangs only.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether the tests can run; why not, otherwise. Made once.
fn prepared() -> &'static Result<(), String> {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    READY.get_or_init(|| {
        let quiet = |args: &[&str]| {
            let status =
                Command::new("docker").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        if !quiet(&["version"]) {
            return Err("no Docker engine answers".into());
        }
        if quiet(&["image", "inspect", IMAGE]) {
            return Ok(());
        }
        let busybox =
            ["/bin/busybox", "/usr/bin/busybox"].into_iter().map(PathBuf::from).find(|p| p.is_file());
        let Some(busybox) = busybox else { return Err("busybox-static is not installed".into()) };
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        build(root.path(), &busybox).map_err(|error| error.to_string())
    })
}

fn build(root: &Path, busybox: &Path) -> std::io::Result<()> {
    let bin = root.join("bin");
    fs::create_dir(&bin)?;
    fs::create_dir(root.join("workspace"))?;
    fs::copy(busybox, bin.join("busybox"))?;
    for name in
        ["sh", "true", "cat", "echo", "sleep", "id", "ls", "wget", "touch", "head", "dd", "env", "grep"]
    {
        std::os::unix::fs::symlink("busybox", bin.join(name))?;
    }
    let mut tar = Command::new("tar").arg("-C").arg(root).args(["-c", "."]).stdout(Stdio::piped()).spawn()?;
    let archive = tar.stdout.take().ok_or_else(|| std::io::Error::other("no pipe"))?;
    let import = Command::new("docker")
        .args(["import", "--change", "ENV PATH=/bin", "-", IMAGE])
        .stdin(archive)
        .stdout(Stdio::null())
        .status()?;
    tar.wait()?;
    if import.success() { Ok(()) } else { Err(std::io::Error::other("docker import failed")) }
}

/// Whether there is an engine. Skips loudly, or fails where one is required.
pub(crate) fn engine() -> bool {
    let Err(reason) = prepared() else { return true };
    let required = std::env::var("OPENPISTA_TEST_REQUIRE").unwrap_or_default();
    let required = required.split(',').any(|word| word == "all" || word == "docker");
    assert!(!required, "Docker is required here: {reason}");
    eprintln!("SKIPPED, needs Docker: {reason}");
    false
}

pub(crate) struct Rig {
    dir: tempfile::TempDir,
    pub(crate) docker: Docker,
}

impl Rig {
    pub(crate) fn new() -> Option<Self> {
        if !engine() {
            return None;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let owner = dir.path().display().to_string();
        Some(Self { docker: Docker::new(None, &owner).of(dir.path()), dir })
    }

    pub(crate) fn owner(&self) -> String {
        self.dir.path().display().to_string()
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn keep(&self) -> Keep {
        Keep { dir: self.dir.path().join("spill"), filter: None }
    }

    pub(crate) async fn run(
        &self,
        container: &Container,
        limits: &Limits,
    ) -> Result<ContainerOutcome, DockerError> {
        let keep = self.keep();
        let run = self.docker.run(container, limits, &keep, &|_| ());
        tokio::time::timeout(PATIENCE, run).await.expect("a container hangs")
    }

    /// Runs a shell line.
    pub(crate) async fn sh(&self, line: &str) -> ContainerOutcome {
        self.run(&sh(line), &limits(30_000)).await.expect("it runs")
    }

    /// Containers of this rig that are there.
    pub(crate) fn left(&self) -> usize {
        let filter = format!("label=openpista.owner={}", self.owner());
        let output =
            Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().expect("docker");
        String::from_utf8_lossy(&output.stdout).lines().count()
    }
}

pub(crate) fn sh(line: &str) -> Container {
    Container::new(IMAGE, ["sh", "-c", line].map(str::to_owned).to_vec())
}

pub(crate) fn limits(millis: u64) -> Limits {
    Limits { timeout: Duration::from_millis(millis), ..Limits::default() }
}

//! `--prove`: what a profile is meant to be able to do with the workspace is done, in a container of it.

use super::{Finding, Health};
use crate::{
    app::Loaded,
    domain::sandbox::WorkspaceAccess,
    sandbox::Exit,
    tool::container::{Done, Place, Profiles, Task},
};
use std::{os::unix::fs::MetadataExt, path::Path, sync::Arc, time::Duration};

const CHECK: &str = "containers";
/// How long a container may take for it.
const TIME: Duration = Duration::from_secs(20);

/// Tries it, and tells. Whether there is a container to try more with.
pub(super) async fn prove(
    loaded: &Loaded,
    profiles: &Arc<Profiles>,
    name: &str,
    found: &mut impl FnMut(Finding),
) -> bool {
    let Ok(profile) = profiles.get(Some(name)) else { return false };
    let file = format!("openpista-probe-{}", std::process::id());
    let (what, line) = match profile.workspace {
        WorkspaceAccess::None => return true,
        WorkspaceAccess::Read => ("reading the workspace", "ls /workspace >/dev/null && echo IN".to_owned()),
        WorkspaceAccess::Write => ("writing to the workspace", format!("touch /workspace/{file} && echo IN")),
    };
    let argv = ["sh", "-c", &line].map(str::to_owned).to_vec();
    let task = Task { profile: Some(name.to_owned()), argv, timeout: Some(TIME), ..Task::default() };
    let done = profiles.run(task, &|_| {}).await;
    let path = loaded.workspace().join(file);
    let finding = match &done {
        // Told by the attempts that follow.
        Ok(Done { place: Place::Process, .. }) | Err(_) => return true,
        Ok(done) if done.exit == Exit::Done && done.stdout.text.contains("IN") => {
            Finding::new(CHECK, Health::Ok, format!("{name}: {what}: it works{}", whose(&path)))
        }
        Ok(done) => {
            let seen = format!("{name}: {what}, as the profile says: {}", done.stderr.text.trim());
            Finding::new(CHECK, Health::Fail, seen)
                .with("leave `user` of the profile away, or change whom the workspace belongs to")
        }
    };
    // It may be there although the container failed.
    let _ = std::fs::remove_file(&path);
    found(finding);
    true
}

/// Whom the file that was written belongs to.
fn whose(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(file) => format!(", and the file belongs to {}:{}", file.uid(), file.gid()),
        Err(_) => String::new(),
    }
}

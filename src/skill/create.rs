//! A skill to begin with.

use super::front::is_name;
use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const RUN: &str = "#!/usr/bin/env bash\n\
    # Runs in the workspace. Arguments come as JSON on standard input and in SKILL_ARGS; what is printed\n\
    # is the result; an exit code other than 0 is a failure.\n\
    set -euo pipefail\n\
    echo \"arguments: $(cat)\"\n";

/// Makes the folder `name` in `parent`, with a `SKILL.md` and a `run.sh`.
///
/// # Errors
/// When the name is none, or something is there already.
pub fn create(parent: &Path, name: &str) -> io::Result<PathBuf> {
    if !is_name(name) {
        let message =
            format!("{name:?} is no name of a skill: use small letters, digits and single '-' between them");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let folder = parent.join(name);
    fs::create_dir(&folder)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    let manifest = format!(
        "---\nname: {name}\ndescription: What it does, and when to use it. The model chooses by this line.\nmode: \
         subprocess\nparameters:\n  text: string?\n---\n\n# {name}\n\nHow to go about it, step by step.\n"
    );
    fs::write(folder.join("SKILL.md"), manifest)?;
    let mut open = fs::OpenOptions::new();
    let mut run = open.write(true).create_new(true).mode(0o755).open(folder.join("run.sh"))?;
    io::Write::write_all(&mut run, RUN.as_bytes())?;
    Ok(folder)
}

//! This program, as a container can run it: by itself where it is static, else by the loader and the
//! libraries that it needs, all mounted read-only. What the image holds does not matter.

use crate::sandbox::docker::Mount;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Command,
};

/// Where the container sees all of it.
pub(super) const GUEST: &str = "/openpista";
/// The marker at the front of a program's file.
const MAGIC: &[u8] = b"\x7fELF\x02\x01";
/// The kind of a program header that names the loader.
const INTERPRETER: u32 = 3;
/// The longest path of a loader.
const LONGEST: u64 = 4096;

/// Why this program can't be run in a container.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// There is none to run.
    #[error("the program {}, which workers run, can't be used: {message}", .path.display())]
    Unusable {
        /// The program.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Its libraries can't be found.
    #[error(
        "the libraries that workers need can't be found ({message}); set worker_binary to an openpista that was \
         linked statically"
    )]
    Libraries {
        /// What is wrong.
        message: String,
    },
}

/// What a container needs to run a program of this machine's.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Files that it sees.
    pub mounts: Vec<Mount>,
    /// How the program is called there.
    pub argv: Vec<String>,
}

impl Program {
    /// The program at `path`, or else the one that runs now.
    ///
    /// # Errors
    /// When it can't be run elsewhere.
    pub fn find(path: Option<&Path>) -> Result<Self, ProgramError> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => std::env::current_exe().map_err(|error| ProgramError::Unusable {
                path: "openpista".into(),
                message: error.to_string(),
            })?,
        };
        let unusable = |message: String| ProgramError::Unusable { path: path.clone(), message };
        let real = path.canonicalize().map_err(|error| {
            unusable(format!("{error}; when it was replaced by another version, start openpista anew"))
        })?;
        let program = format!("{GUEST}/openpista");
        let mut mounts = vec![mount(real.clone(), program.clone())];
        let Some(loader) = loader(&real).map_err(|error| unusable(error.to_string()))? else {
            return Ok(Self { mounts, argv: vec![program] });
        };
        let (guest, libraries) = (format!("{GUEST}/loader"), format!("{GUEST}/lib"));
        for (name, host) in libraries_of(&loader, &real)? {
            mounts.push(mount(host, format!("{libraries}/{name}")));
        }
        let missing = |message: String| ProgramError::Libraries { message };
        let loader = loader.canonicalize().map_err(|error| missing(error.to_string()))?;
        mounts.push(mount(loader, guest.clone()));
        Ok(Self { mounts, argv: vec![guest, "--library-path".into(), libraries, program] })
    }
}

fn mount(host: PathBuf, guest: String) -> Mount {
    Mount { host, guest, writable: false }
}

/// The loader that a program names; `None`: it needs none.
fn loader(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut file = File::open(path)?;
    let mut header = [0; 64];
    file.read_exact(&mut header)?;
    if !header.starts_with(MAGIC) {
        return Err(io::Error::other("it is no program for a 64-bit machine that containers could run"));
    }
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let (table, size, count) = (long(&header, 32), u64::from(short(54)), short(56));
    for index in 0..u64::from(count) {
        let mut entry = [0; 56];
        file.seek(SeekFrom::Start(table.saturating_add(index * size)))?;
        file.read_exact(&mut entry)?;
        if u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) != INTERPRETER {
            continue;
        }
        let mut name = vec![];
        file.seek(SeekFrom::Start(long(&entry, 8)))?;
        file.take(long(&entry, 32).min(LONGEST)).read_to_end(&mut name)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        return Ok(Some(PathBuf::from(String::from_utf8_lossy(name).into_owned())));
    }
    Ok(None)
}

/// Eight bytes as a number; zero beyond the end.
fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// What the loader itself would load: the name that is asked for, and the file.
fn libraries_of(loader: &Path, program: &Path) -> Result<Vec<(String, PathBuf)>, ProgramError> {
    let missing = |message: String| ProgramError::Libraries { message };
    let output = Command::new(loader).arg("--list").arg(program).env_clear().output();
    let output = output.map_err(|error| missing(format!("{}: {error}", loader.display())))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(missing(format!("{}: {}", loader.display(), why.trim())));
    }
    let mut found = vec![];
    for (name, file) in String::from_utf8_lossy(&output.stdout).lines().filter_map(listed) {
        let file = file.canonicalize().map_err(|error| missing(format!("{name}: {error}")))?;
        found.push((name, file));
    }
    Ok(found)
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f…)`.
fn listed(line: &str) -> Option<(String, PathBuf)> {
    let (name, rest) = line.trim().split_once(" => ")?;
    let file = rest.split(" (").next()?.trim();
    (file.starts_with('/') && !name.contains('/')).then(|| (name.to_owned(), PathBuf::from(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_list_is_read() {
        let line = "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1200000000)";
        assert_eq!(
            listed(line),
            Some(("libc.so.6".into(), PathBuf::from("/lib/x86_64-linux-gnu/libc.so.6")))
        );
        assert_eq!(listed("\tlinux-vdso.so.1 (0x00007ffd)"), None);
        assert_eq!(listed("\t/lib64/ld-linux-x86-64.so.2 (0x00007f)"), None);
        assert_eq!(listed("\tlibx.so => not found"), None);
    }

    #[test]
    fn what_is_no_program_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x");
        std::fs::write(&file, "#!/bin/sh\n".repeat(20)).unwrap();
        let error = Program::find(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("no program"), "{error}");
        let error = Program::find(Some(&dir.path().join("nowhere"))).unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }

    #[test]
    fn this_program_is_found_with_all_that_it_needs() {
        let program = Program::find(None).unwrap();
        assert!(program.argv.last().is_some_and(|last| last == "/openpista/openpista"));
        assert!(program.mounts.iter().all(|mount| mount.host.is_file() && !mount.writable));
    }
}

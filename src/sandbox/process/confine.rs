//! A process that limits itself before it becomes another program: the fallback where containers are
//! not to be had. Weaker than a container: the program runs as the same user, with the network.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::{io, os::unix::process::CommandExt, path::PathBuf, process::Command};

/// Seconds of processor time besides the time by the clock.
const CPU_SLACK: u64 = 5;
/// Files that it may have open.
const OPEN_FILES: u64 = 256;
/// Directories with programs and what they need.
const READABLE: &[&str] = &[
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/sbin",
    "/etc",
    "/opt",
    "/dev",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
];

/// What a confined process may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// Directories that it may read and run programs from, besides the system's.
    pub readable: Vec<PathBuf>,
    /// Directories that it may write to.
    pub writable: Vec<PathBuf>,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Seconds by the clock; its processor time is bounded a little above.
    pub seconds: u64,
}

impl Confinement {
    /// The words that run a command confined, by this program's own `confine`.
    ///
    /// # Errors
    /// When this program does not know where it is.
    pub fn wrap(&self, argv: &[String]) -> io::Result<Vec<String>> {
        let mut words = vec![std::env::current_exe()?.to_string_lossy().into_owned(), "confine".into()];
        for (flag, paths) in [("--read", &self.readable), ("--write", &self.writable)] {
            for path in paths {
                words.extend([flag.to_owned(), path.to_string_lossy().into_owned()]);
            }
        }
        words.extend(["--memory".into(), self.memory_bytes.to_string()]);
        words.extend(["--seconds".into(), self.seconds.to_string(), "--".into()]);
        words.extend(argv.iter().cloned());
        Ok(words)
    }

    /// Limits this process and becomes the program. Returns only when that fails.
    pub fn exec(&self, argv: &[String]) -> io::Error {
        let Some((program, args)) = argv.split_first() else {
            return io::Error::other("there is no program to run");
        };
        let limits = [
            (Resource::As, self.memory_bytes),
            (Resource::Cpu, self.seconds.saturating_add(CPU_SLACK)),
            (Resource::Core, 0),
            (Resource::Nofile, OPEN_FILES),
        ];
        for (resource, most) in limits {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            if let Err(error) = setrlimit(resource, limit) {
                return error.into();
            }
        }
        if let Err(error) = self.restrict_files() {
            return error;
        }
        Command::new(program).args(args).exec()
    }

    #[cfg(target_os = "linux")]
    fn restrict_files(&self) -> io::Result<()> {
        use landlock::{
            ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
            path_beneath_rules,
        };
        let abi = ABI::V3;
        let readable = READABLE.iter().map(PathBuf::from).chain(self.readable.iter().cloned());
        let writable = self.writable.iter().cloned().chain(["/dev/null".into(), "/dev/zero".into()]);
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.add_rules(path_beneath_rules(readable, AccessFs::from_read(abi))))
            .and_then(|rules| rules.add_rules(path_beneath_rules(writable, AccessFs::from_all(abi))))
            .and_then(landlock::RulesetCreated::restrict_self)
            .map(drop)
            .map_err(io::Error::other)
    }

    #[cfg(not(target_os = "linux"))]
    fn restrict_files(&self) -> io::Result<()> {
        Ok(())
    }
}

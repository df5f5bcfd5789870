//! Running specs: each file in a VM of its own, each `it` on an engine of its own.

use super::{super::Loaded, CASE_LIMIT, LOAD_LIMIT, stage::Engine, trace};
use crate::{
    memory::{Memory, OpenOptions},
    script::{CaseEnd, Limits, ScriptError, Sink, SpecCase},
};
use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The spec files.
    pub files: Vec<PathBuf>,
    /// Only cases whose name has this in it.
    pub filter: Option<String>,
    /// Whether the first failure ends it.
    pub bail: bool,
    /// How long one `it` may take.
    pub timeout: Duration,
}

impl Options {
    /// Runs all of these files.
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { files, filter: None, bail: false, timeout: CASE_LIMIT }
    }
}

/// A case that was run, or left out.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file, as it is shown.
    pub file: String,
    /// Its name, after those of the groups that it is in. Empty: the file itself, which did not load.
    pub names: Vec<String>,
    /// `file:line` of the case.
    pub location: String,
    /// How it ended.
    pub end: End,
    /// How long it took.
    pub took: Duration,
    /// What it printed.
    pub printed: Vec<String>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All that it expects holds.
    Passed,
    /// It was not run, and why.
    Skipped(String),
    /// Something does not hold, or went wrong.
    Failed {
        /// What.
        message: String,
        /// `file:line` where.
        location: String,
        /// Whether it is an expectation that does not hold, and not an error.
        expectation: bool,
    },
}

/// What came of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed, and files that did not load.
    pub failed: usize,
    /// Cases that were not run.
    pub skipped: usize,
}

impl Summary {
    fn count(&mut self, end: &End) {
        match end {
            End::Passed => self.passed += 1,
            End::Failed { .. } => self.failed += 1,
            End::Skipped(_) => self.skipped += 1,
        }
    }

    /// Whether nothing was run.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Runs specs under the configuration that `loaded` was loaded from. Each file gets a fresh
/// generation; `loaded` itself does nothing. `told` hears of each case as it ends.
///
/// # Errors
/// When the configuration does not load (again), or there is no place for scratch files.
pub async fn run(
    loaded: &Loaded,
    options: &Options,
    told: &mut (dyn FnMut(&Case) + Send),
) -> anyhow::Result<Summary> {
    let scratch = Scratch::new()?;
    scratch.begin().await?;
    let mut summary = Summary::default();
    for path in &options.files {
        let printed = Printed::default();
        let fresh = loaded.for_specs(printed.sink()).await.map_err(|failure| failure.error)?;
        let mut file = File { loaded: &fresh, options, scratch: &scratch, printed, name: name(path, loaded) };
        let goes_on = file.run(path, &mut summary, told).await;
        fresh.close().await;
        if !goes_on? {
            break;
        }
    }
    Ok(summary)
}

/// A spec file under way.
struct File<'a> {
    loaded: &'a Loaded,
    options: &'a Options,
    scratch: &'a Scratch,
    printed: Printed,
    name: String,
}

impl File<'_> {
    /// Whether to go on with the next file.
    async fn run(
        &mut self,
        path: &Path,
        summary: &mut Summary,
        told: &mut (dyn FnMut(&Case) + Send),
    ) -> anyhow::Result<bool> {
        let started = Instant::now();
        let cases = match self.load(path).await {
            Ok(cases) => cases,
            Err(error) => {
                let whole = SpecCase { names: vec![], location: self.name.clone(), skipped: None };
                let case = self.case(whole, failed(&error, &self.name), started);
                summary.count(&case.end);
                told(&case);
                return Ok(!self.options.bail);
            }
        };
        for (index, spec) in cases.into_iter().enumerate() {
            let whole = spec.names.join(" ");
            if self.options.filter.as_ref().is_some_and(|part| !whole.contains(part.as_str())) {
                continue;
            }
            let started = Instant::now();
            let end = match &spec.skipped {
                Some(why) => End::Skipped(why.clone()),
                None => match self.play(index).await? {
                    CaseEnd::Passed => End::Passed,
                    CaseEnd::Skipped(why) => End::Skipped(why),
                    CaseEnd::Failed(error) => failed(&error, &spec.location),
                },
            };
            let case = self.case(spec, end, started);
            summary.count(&case.end);
            told(&case);
            if self.options.bail && matches!(case.end, End::Failed { .. }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn load(&self, path: &Path) -> Result<Vec<SpecCase>, ScriptError> {
        let limits = Limits::both(LOAD_LIMIT);
        if path.extension().is_some_and(|extension| extension == "json") {
            let trace = trace::read(path, &self.name)?;
            for note in trace::notes(&trace) {
                tracing::warn!("{}: {note}", self.name);
            }
            return self.loaded.script.load_trace(trace, limits).await;
        }
        self.loaded.script.load_spec(path.to_owned(), limits).await
    }

    /// Runs a case on an engine of its own.
    async fn play(&self, index: usize) -> anyhow::Result<CaseEnd> {
        let script = &self.loaded.script;
        let doors = script.doors().await?;
        let place = Scratch::below(&self.scratch.0)?;
        let memory = self.scratch.memory(&place)?;
        let engine = Engine::build(self.loaded, &doors, memory.clone(), place.0.clone()).await?;
        script.put_on(Some(engine)).await?;
        let end = script.run_case(index, Limits::both(self.options.timeout)).await;
        // What it left running must not reach the next one.
        script.put_on(None).await?;
        memory.close().await;
        Ok(end)
    }

    fn case(&self, spec: SpecCase, end: End, started: Instant) -> Case {
        let SpecCase { names, location, .. } = spec;
        let printed = self.printed.take();
        Case { file: self.name.clone(), names, location, end, took: started.elapsed(), printed }
    }
}

fn failed(error: &ScriptError, case: &str) -> End {
    let place = error.location();
    End::Failed {
        message: error.message.clone(),
        location: if place.is_empty() { case.to_owned() } else { place },
        expectation: error.kind == crate::script::ErrorKind::Expectation,
    }
}

/// A file as it is shown: from the configuration's directory on.
fn name(path: &Path, loaded: &Loaded) -> String {
    let base = loaded.located.directory(&loaded.dirs);
    path.strip_prefix(base).unwrap_or(path).display().to_string()
}

/// Keeps what is printed.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<String>>>);

impl Printed {
    fn sink(&self) -> Sink {
        let lines = Arc::clone(&self.0);
        Arc::new(move |line| lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned()))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The database of a case.
const DATABASE: &str = "spec.db";

/// A directory for what a case keeps. Removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        Self::below(&std::env::temp_dir())
    }

    /// Makes the empty database that each case gets a copy of: making one waits for the disk.
    async fn begin(&self) -> anyhow::Result<()> {
        Memory::open(&self.0.join(DATABASE), OpenOptions::default())?.close().await;
        Ok(())
    }

    /// A memory of its own in `place`.
    fn memory(&self, place: &Self) -> anyhow::Result<Memory> {
        for suffix in ["", "-wal"] {
            let name = format!("{DATABASE}{suffix}");
            match std::fs::copy(self.0.join(&name), place.0.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound || suffix.is_empty() => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(Memory::open(&place.0.join(DATABASE), OpenOptions::default())?)
    }

    fn below(directory: &Path) -> io::Result<Self> {
        let name = format!("openpista-test-{}", ulid::Ulid::generate().to_string().to_ascii_lowercase());
        let path = directory.join(name);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

//! `openpista start`.

use super::{Exit, TurnArgs};
use crate::{
    app::{
        App, Bulletin, Cause, ConfigError, DeviceQuestions, Door, Flags, Opened, Told,
        daemon::{Files, Lock, Manager, rest},
    },
    config::{Dirs, Environment},
    front::{printable, to_stdout},
    memory::{Memory, MemoryError},
    script::Sink,
    telemetry::{NOTICE, log_panics},
    watch::SETTLE,
};
use anyhow::Context;
use clap::Args;
use std::{
    io::{IsTerminal, stdin},
    sync::Arc,
    time::Duration,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// From the signal to the end, whatever still hangs then.
const ENDING: Duration = Duration::from_millis(9_500);
/// Threads that turns are answered on, at most: the work is waiting, most of the time.
const THREADS: usize = 4;
/// How often the whole database is checked while the daemon runs.
const CHECK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Exit code after a second signal.
const AT_ONCE: u8 = 130;

#[derive(Debug, Args)]
pub(super) struct Start {
    /// Where to listen for devices, such as 127.0.0.1:4433; port 0: any that is free; off: nowhere
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The form of a line in the log
    #[arg(long, value_name = "FORM", value_parser = ["text", "json"])]
    log_format: Option<String>,
    #[command(flatten)]
    turn: TurnArgs,
}

/// What ends the program, and what does not.
struct Signals {
    /// Somebody sat at a terminal when it started.
    attended: bool,
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            attended: stdin().is_terminal(),
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Whether the terminal that it was started at is gone, which sends SIGHUP too.
    fn orphaned(&self) -> bool {
        self.attended && !stdin().is_terminal()
    }

    /// Waits for one that ends the program.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Start {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let mut flags = flags.with_own_workspace();
        self.turn.add_to(&mut flags);
        if let Some(listen) = &self.listen {
            let off = matches!(listen.as_str(), "off" | "no" | "false");
            flags.set("listen", "--listen", if off { false.into() } else { listen.as_str().into() });
        }
        if let Some(format) = &self.log_format {
            flags.set("log_format", "--log-format", format.as_str().into());
        }
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        let exit = runtime.block_on(serve(flags));
        runtime.shutdown_background();
        exit
    }
}

async fn serve(flags: Flags) -> anyhow::Result<Exit> {
    log_panics();
    let mut signals = Signals::listen()?;
    let environment = Environment::of_process();
    let current = std::env::current_dir().context("the current directory can't be read")?;
    let files = Files::of(&Dirs::find(&environment, current)?);
    files.make().with_context(|| files.pid().display().to_string())?;
    let _lock = Lock::take(&files.pid())?;
    // What a daemon that was killed has left there points nowhere.
    files.withdraw();
    let manager = Manager::of(&environment);
    let (questions, stop) = (DeviceQuestions::default(), CancellationToken::new());
    let bulletin = Bulletin::default();
    let start = App::start_daemon(flags, Arc::new(questions.clone()), told(&bulletin));
    let app = tokio::select! {
        app = start => app.map_err(lasting)?,
        () = signals.end() => return Ok(Exit::Interrupted),
    };
    let door = match Door::open(&app, Opened { questions, files, bulletin, stop: stop.clone() }).await {
        Ok(door) => door,
        Err(error) => {
            app.close().await;
            return Err(error);
        }
    };
    let place = door.place();
    app.serve_devices(door).await;
    let watching = app.watch(SETTLE);
    let greeting =
        format!("openpista {}: listening on {place}, {}", env!("CARGO_PKG_VERSION"), in_force(&app));
    let summary = app.summary().await;
    // Nobody may be there to read it.
    let _ = to_stdout(&printable(&format!("{greeting}; {summary}\n")));
    manager.ready(&greeting);
    tracing::info!("{greeting}; {summary}");
    let resting = app.tasks().spawn("memory-trim", rest);
    let memory = app.memory().clone();
    let looking_after = app.tasks().spawn("database-check", move || look_after(memory.clone()));
    run(&app, &mut signals, &manager, &stop).await;
    resting.abort();
    looking_after.abort();
    drop(watching);
    manager.stopping();
    tracing::info!("ending");
    Ok(tokio::select! {
        ended = tokio::time::timeout(ENDING, app.close()) => {
            if ended.is_err() {
                tracing::error!("something did not end in time, and was left behind");
            }
            Exit::Ok
        }
        () = signals.end() => Exit::Code(AT_ONCE),
    })
}

/// An error that trying again does not mend ends in the exit code of a wrong configuration, with which service
/// managers do not start a program anew.
fn lasting(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<MemoryError>() {
        Some(memory) if memory.is_lasting() => ConfigError::new(format!("{error:#}")).into(),
        _ => error,
    }
}

/// Looks through the database once in a while: what a disk loses is better known before the last good backup
/// is gone.
async fn look_after(memory: Memory) {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        match memory.check().await {
            Ok(problems) if problems.is_empty() => tracing::debug!("the database is whole"),
            // It was told at the place where it was found.
            Ok(_) => {}
            Err(error) => tracing::warn!("the database could not be checked: {error}"),
        }
    }
}

/// Whoever reads the log, and devices that listen, are told what a person should know.
fn told(bulletin: &Bulletin) -> Told {
    let (posted, complained) = (bulletin.clone(), bulletin.clone());
    let notice: Sink = Arc::new(move |text| {
        tracing::info!(target: NOTICE, "{text}");
        posted.post(text);
    });
    let complaint: Sink = Arc::new(move |text| {
        tracing::warn!(target: NOTICE, "{text}");
        complained.post(text);
    });
    Told { notice: Some(notice), complaint: Some(complaint) }
}

/// Until somebody wants an end.
async fn run(app: &App, signals: &mut Signals, manager: &Manager, stop: &CancellationToken) {
    loop {
        tokio::select! {
            _ = signals.interrupt.recv() => return,
            _ = signals.terminate.recv() => return,
            () = stop.cancelled() => return,
            _ = signals.hangup.recv() => {
                if signals.orphaned() {
                    return;
                }
                let (app, manager) = (app.clone(), manager.clone());
                // Reloads come one after the other, and an end does not wait for them.
                tokio::spawn(async move {
                    manager.reloading();
                    app.reload_and_tell(Cause::Signal).await;
                    manager.ready(&in_force(&app));
                });
            }
        }
    }
}

fn in_force(app: &App) -> String {
    format!("generation {}", app.generation())
}

//! `openpista status`, `stop` and `reload`: what is asked of a daemon that runs.

use super::{
    Exit,
    here::{Here, NOT_RUNNING, process},
};
use crate::{
    app::{block_on, daemon::released},
    front::{printable, to_stdout},
    quic::{
        ClientError,
        protocol::{Kind, Request},
    },
};
use clap::Args;
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};

#[derive(Debug, Args)]
pub(super) struct Status {
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Stop {
    /// Seconds to wait for its end
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0)]
    timeout: f64,
}

impl Status {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        block_on(async {
            let daemon = match Here::find().await? {
                Here::Daemon(daemon) => daemon,
                Here::Nobody => {
                    match self.json {
                        true => to_stdout(&format!("{}\n", json!({ "running": false })))?,
                        false => to_stdout("not running\n")?,
                    }
                    return Ok(Exit::Code(NOT_RUNNING));
                }
                Here::Mute { pid, error } => {
                    if self.json {
                        let line = json!({ "running": true, "pid": pid, "answers": false, "error": error });
                        to_stdout(&format!("{line}\n"))?;
                    }
                    eprintln!("openpista: {} runs, but does not answer: {error}", process(pid));
                    return Ok(Exit::Failed);
                }
            };
            let mut status = daemon.client.ask(&Request::Status {}).await?;
            daemon.client.close().await;
            if self.json {
                status["running"] = true.into();
                to_stdout(&format!("{status}\n"))?;
            } else {
                to_stdout(&shown(&status))?;
            }
            Ok(Exit::Ok)
        })
    }
}

impl Stop {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        let timeout = Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::MAX);
        block_on(async {
            let daemon = match Here::daemon().await? {
                Ok(daemon) => daemon,
                Err(exit) => return Ok(exit),
            };
            match daemon.client.ask(&Request::Stop {}).await {
                // It was ending already, or was faster than its answer.
                Ok(_) | Err(ClientError::Lost(_)) => {}
                Err(ClientError::Refused(refusal)) if refusal.kind == Kind::Shutdown => {}
                Err(error) => return Err(error.into()),
            }
            let (pid, lock) = (daemon.pid, daemon.lock);
            // An open connection would be something more to wait for.
            daemon.client.close().await;
            if tokio::time::timeout(timeout, released(&lock)).await.is_err() {
                eprintln!(
                    "openpista: pid {pid} still runs after {} s; look again with `openpista status`, or end it at \
                     once: kill -KILL {pid} (what it has stored is safe)",
                    timeout.as_secs_f64()
                );
                return Ok(Exit::Failed);
            }
            to_stdout(&format!("stopped (pid {pid})\n"))?;
            Ok(Exit::Ok)
        })
    }
}

/// `openpista reload`.
pub(super) fn reload() -> anyhow::Result<Exit> {
    block_on(async {
        let daemon = match Here::daemon().await? {
            Ok(daemon) => daemon,
            Err(exit) => return Ok(exit),
        };
        let reloaded = daemon.client.ask(&Request::Reload {}).await;
        daemon.client.close().await;
        match reloaded {
            Ok(result) => {
                to_stdout(&format!("{}\n", printable(result["text"].as_str().unwrap_or("reloaded"))))?;
                Ok(Exit::Ok)
            }
            Err(ClientError::Refused(refusal)) if refusal.kind == Kind::Config => {
                eprintln!("openpista: not reloaded: {}", printable(&refusal.message));
                Ok(Exit::Config)
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// The status, for people.
fn shown(status: &Value) -> String {
    let text = |key: &str| match &status[key] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut out = String::new();
    // Writing to a String can't fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<14}{}", printable(&value));
    };
    let uptime = status["uptime_s"].as_u64().unwrap_or_default();
    let pid = text("pid").unwrap_or_default();
    line(
        "running",
        format!("pid {pid}, for {}, version {}", period(uptime), text("version").unwrap_or_default()),
    );
    line("listening", text("listen").unwrap_or_default());
    if let Some(error) = text("listen_error") {
        line("", error);
    }
    let config = text("config").unwrap_or_else(|| "built-in init.lua".into());
    line("configuration", format!("generation {}, {config}", text("generation").unwrap_or_default()));
    if let Some(error) = text("reload_error") {
        line("", format!("the files hold another one that is broken: {error}"));
    }
    if let Some(error) = text("database_error") {
        line("database", format!("DAMAGED: {error}; see docs/daemon.md, Backups"));
    }
    for (name, faring) in status["channels"].as_object().into_iter().flatten() {
        let up = faring["up"].as_bool().unwrap_or(false);
        let error = faring["last_error"].as_str().unwrap_or_default();
        line(
            "channel",
            match up {
                true if error.is_empty() => format!("{name}: up"),
                true => format!("{name}: up; before: {error}"),
                false => format!("{name}: down: {error}"),
            },
        );
    }
    if let Some(outage) = status["database"].as_object() {
        let error = outage["error"].as_str().unwrap_or_default();
        line("DEGRADED", format!("for {}: {error}", period(outage["since_s"].as_u64().unwrap_or_default())));
        line("", format!("{} changes wait in memory until they can be stored", outage["waiting"]));
    }
    for task in status["tasks"].as_array().into_iter().flatten() {
        let (name, error) = (task["task"].as_str(), task["error"].as_str());
        let (name, error) = (name.unwrap_or_default(), error.unwrap_or_default());
        line("task", format!("{name}: panicked {} time(s), restarted: {error}", task["failures"]));
    }
    for (place, reasons) in status["dropped"].as_object().into_iter().flatten() {
        for (reason, count) in reasons.as_object().into_iter().flatten() {
            line("dropped", format!("{place}: {count} x {reason}"));
        }
    }
    for job in status["cron"].as_array().into_iter().flatten() {
        let next = job["next"].as_str().unwrap_or("never");
        line("job", format!("{}: next {next}", job["name"].as_str().unwrap_or_default()));
    }
    let count = |key: &str| text(key).unwrap_or_else(|| "0".into());
    line("connections", format!("{}, {} requests under way", count("connections"), count("requests")));
    let turns = status["turns"].as_object().map_or(0, serde_json::Map::len);
    let questions = status["questions"].as_array().map_or(0, Vec::len);
    line("turns", format!("{turns} under way, {questions} open questions"));
    out
}

/// So many seconds, in words.
fn period(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

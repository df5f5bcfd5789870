//! `--prove`: every escape is attempted, from every sandbox that there is, and what happened is told.

use super::{Finding, Health, checks::keep, promises};
use crate::{
    app::{Loaded, sandboxes, skills},
    domain::sandbox::WorkspaceAccess,
    sandbox::{
        Exit, Limits,
        wasm::{Job, WasmOutcome},
    },
    tool::container::{Done, Place, Profiles, Task},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The guest that tries; built from `probe.wat` beside this file.
const PROBE: &[u8] = include_bytes!("probe.wasm");
/// How long an attempt may take that is meant to be stopped.
const SHORT: Duration = Duration::from_secs(2);
/// Memory of the guest that wants more.
const LITTLE: u64 = 16 << 20;

pub(super) async fn prove(loaded: &Loaded, found: &mut impl FnMut(Finding)) {
    wasm(loaded, found).await;
    super::tokens::prove(loaded, found).await;
    match sandboxes::profiles(loaded) {
        Ok(profiles) if profiles.names().next().is_some() => {
            for name in profiles.names().map(str::to_owned).collect::<Vec<_>>() {
                if promises::prove(loaded, &profiles, &name, found).await {
                    containers(&profiles, &name, found).await;
                }
            }
        }
        _ => found(
            Finding::new("containers", Health::Skip, "no profile is declared")
                .with("pista.sandbox(\"build\", { image = \"…\" }) declares one"),
        ),
    }
}

/// What came of an attempt that should have failed.
pub(super) fn judged(check: &'static str, what: &str, held: bool, seen: impl std::fmt::Display) -> Finding {
    let health = if held { Health::Ok } else { Health::Fail };
    Finding::new(check, health, format!("{what}: {seen}"))
}

async fn wasm(loaded: &Loaded, found: &mut impl FnMut(Finding)) {
    const CHECK: &str = "webassembly";
    let engine = skills::wasm(loaded);
    let run = async |what: Value| {
        let job =
            Job { module: PROBE.to_vec(), input: what, workspace: Some(loaded.workspace()), fuel: None };
        let limits = Limits { timeout: SHORT, memory_bytes: Some(LITTLE), ..Limits::default() };
        engine.run(job, &limits, &keep(loaded)).await
    };
    match run(json!(1)).await {
        Ok(WasmOutcome { result: Some(result), .. }) => {
            for (key, what) in
                [("read", "reading a file outside the workspace"), ("write", "writing to the workspace")]
            {
                let number = result[key].as_u64().unwrap_or(0);
                found(judged(CHECK, what, number != 0, format!("WASI error {number}")));
            }
        }
        other => {
            found(Finding::new(CHECK, Health::Fail, format!("the attempt on files broke off: {other:?}")))
        }
    }
    for (number, what, wanted) in
        [(2, "more memory than it may have", Exit::OutOfMemory), (3, "never ending", Exit::TimedOut)]
    {
        match run(json!(number)).await {
            Ok(outcome) => {
                found(judged(CHECK, what, outcome.exit == wanted, outcome.problem.unwrap_or_default()))
            }
            Err(error) => found(Finding::new(CHECK, Health::Fail, format!("{what}: {error}"))),
        }
    }
}

/// An attempt in a container: a shell line that prints `OUT` when it gets through.
struct Attempt {
    what: &'static str,
    line: String,
}

async fn containers(profiles: &Arc<Profiles>, name: &str, found: &mut impl FnMut(Finding)) {
    const CHECK: &str = "containers";
    let run = async |line: &str| {
        let argv = ["sh", "-c", line].map(str::to_owned).to_vec();
        let task = Task { profile: Some(name.to_owned()), argv, timeout: Some(SHORT * 5), ..Task::default() };
        profiles.run(task, &|_| ()).await
    };
    let Ok(profile) = profiles.get(Some(name)) else { return };
    let home = std::env::var("HOME").unwrap_or_default();
    let mut attempts = vec![
        Attempt {
            what: "reading ~/.ssh of the user",
            line: format!("ls '{home}/.ssh' >/dev/null 2>&1 && echo OUT"),
        },
        Attempt {
            what: "talking to the engine's socket",
            line: "ls /var/run/docker.sock /run/docker.sock 2>/dev/null | grep -q sock && echo OUT".into(),
        },
        Attempt {
            what: "gaining capabilities",
            line: "grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && echo OUT".into(),
        },
    ];
    if !profile.network {
        attempts.push(Attempt {
            what: "reaching 169.254.169.254",
            line: "wget -q -T 2 -O - http://169.254.169.254/ >/dev/null 2>&1 && echo OUT; ls /sys/class/net | grep -qv \
                   '^lo$' && echo OUT"
                .into(),
        });
    }
    if profile.workspace != WorkspaceAccess::Write {
        let line = "touch /workspace/openpista-probe ./openpista-probe 2>/dev/null && echo OUT";
        attempts.push(Attempt { what: "writing to the workspace", line: line.into() });
    }
    for Attempt { what, line } in attempts {
        match run(&line).await {
            Ok(Done { place: Place::Process, .. }) => {
                let seen = format!("{name}: no Docker engine answers, so there is no container to prove");
                found(Finding::new(CHECK, Health::Skip, seen));
                return;
            }
            Ok(done) => {
                let held = !done.stdout.text.contains("OUT");
                let seen = if held { "refused" } else { "IT GOT THROUGH" };
                found(judged(CHECK, &format!("{name}: {what}"), held, seen));
            }
            Err(error) => {
                found(Finding::new(CHECK, Health::Fail, format!("{name}: {error}")));
                return;
            }
        }
    }
    let memory = profile.memory_bytes.unwrap_or(crate::sandbox::docker::DEFAULT_MEMORY);
    let hog = format!("exec dd if=/dev/zero of=/dev/null bs={} count=1", memory.saturating_mul(4));
    let pids = profile.pids.unwrap_or(crate::sandbox::docker::DEFAULT_PIDS);
    let forks =
        format!("i=0; while [ $i -lt {} ]; do sleep 3 & i=$((i+1)); done; echo OUT", pids.saturating_mul(2));
    // More loops than processors that it may use, for two seconds, and what they used of them.
    let loops = profile.cpus.unwrap_or(crate::sandbox::docker::DEFAULT_CPUS).ceil() as u32 + 1;
    let busy = format!(
        "i=0; while [ $i -lt {loops} ]; do (while :; do :; done) & i=$((i+1)); done; sleep 2; kill $(jobs -p); wait; times"
    );
    match run(&busy).await {
        Ok(done) => {
            let most = 2.0 * profile.cpus.unwrap_or(crate::sandbox::docker::DEFAULT_CPUS);
            let used = seconds(&done.stdout.text);
            let seen =
                used.map_or_else(|| "it did not say".into(), |used| format!("{used:.1} s of {most:.1} s"));
            let what = format!("{name}: more processor time than it may have");
            // A little more may be used before the engine's first look.
            found(judged(CHECK, &what, used.is_some_and(|used| used <= most * 1.25), seen));
        }
        Err(error) => found(Finding::new(CHECK, Health::Fail, format!("{name}: {error}"))),
    }
    type Holds = fn(&Done) -> bool;
    let ends: [(&str, &str, Holds); 3] = [
        ("more memory than it may have", &hog, |done| done.exit != Exit::Done),
        ("more processes than it may have", &forks, |done| !done.stdout.text.contains("OUT")),
        ("outliving its time-out", "trap '' TERM; sleep 600", |done| done.exit == Exit::TimedOut),
    ];
    for (what, line, holds) in ends {
        match run(line).await {
            Ok(done) => found(judged(CHECK, &format!("{name}: {what}"), holds(&done), done.exit.name())),
            Err(error) => found(Finding::new(CHECK, Health::Fail, format!("{name}: {what}: {error}"))),
        }
    }
}

/// The processor time that `times` of a shell tells of what it ran: its second line, `0m1.98s 0m0.01s`.
fn seconds(text: &str) -> Option<f64> {
    let words = text.lines().last()?.split_whitespace();
    words
        .map(|word| {
            let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
            Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_read() {
        assert_eq!(super::seconds("0m0.00s 0m0.01s\n1m2.50s 0m0.50s\n"), Some(63.0));
        assert_eq!(super::seconds("sh: times: not found"), None);
    }
}

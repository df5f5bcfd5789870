//! Whether the daemon that runs is well.

use super::{Finding, Health};
use crate::{
    app::{Loaded, daemon::Nearby},
    attach::Link,
    quic::protocol::Request,
};
use serde_json::Value;
use std::time::Duration;

const CHECK: &str = "daemon";
/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the daemon of this state directory how it is; what it says. Nothing is told where none runs: whether it
/// could, the other checks tell.
pub(super) async fn daemon(loaded: &Loaded, found: &mut impl FnMut(Finding)) -> Option<Value> {
    let nearby = match Nearby::here() {
        Ok(nearby) if nearby.dirs().state == loaded.dirs.state && nearby.pid().is_some() => nearby,
        _ => return None,
    };
    let asked = async {
        let link = Link::open(Box::new(nearby)).await?;
        let status = link.ask(&Request::Status {}).await;
        link.close().await;
        status
    };
    let status = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            found(mute(&error.to_string()));
            return None;
        }
        Err(_) => {
            found(mute(&format!("no answer within {} s", PATIENCE.as_secs())));
            return None;
        }
    };
    let troubles = troubles(&status);
    if troubles.is_empty() {
        found(Finding::ok(CHECK, format!("runs (pid {}) and is well", status["pid"])));
    }
    for trouble in troubles {
        found(Finding::new(CHECK, Health::Warn, trouble).with("`openpista status` and its log tell more"));
    }
    Some(status)
}

fn mute(error: &str) -> Finding {
    Finding::new(CHECK, Health::Fail, format!("one runs, but does not answer: {error}"))
        .with("look into its log; `openpista stop` ends it")
}

/// What the daemon tells of that is not as it should be.
fn troubles(status: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut troubles = vec![];
    for (key, what) in [
        ("database_error", "its database is damaged"),
        ("reload_error", "the files of its configuration hold another one that is broken"),
        ("listen_error", "it does not listen"),
    ] {
        if !status[key].is_null() {
            troubles.push(format!("{what}: {}", text(&status[key])));
        }
    }
    if let Some(outage) = status["database"].as_object() {
        troubles.push(format!(
            "it is degraded: the database cannot be written ({}), and {} changes wait in memory",
            text(&outage["error"]),
            outage["waiting"]
        ));
    }
    for (name, faring) in status["channels"].as_object().into_iter().flatten() {
        if faring["up"] == false {
            troubles.push(format!("its channel {name} is down: {}", text(&faring["last_error"])));
        }
    }
    for task in status["tasks"].as_array().into_iter().flatten() {
        troubles.push(format!(
            "its task {} panicked {} time(s) and was restarted: {}",
            text(&task["task"]),
            task["failures"],
            text(&task["error"])
        ));
    }
    for (place, reasons) in status["dropped"].as_object().into_iter().flatten() {
        for (reason, count) in reasons.as_object().into_iter().flatten() {
            troubles.push(format!("{place}: {count} x {reason}"));
        }
    }
    troubles
}

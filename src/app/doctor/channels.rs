//! Whether each channel could be up: by asking its server who the bot is, or by taking its port.

use super::{Finding, Health};
use crate::{
    app::{Loaded, daemon::holder, services::lock_file},
    channel::telegram::API,
    domain::plan::{ChannelKind, ChannelSpec, TelegramSpec},
    net::{Request, Response},
};
use serde_json::Value;
use std::{io::ErrorKind, net::TcpListener, time::Duration};

const CHECK: &str = "channel";
/// How long the server of a channel may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer about a bot, in bytes.
const LONGEST: usize = 64 << 10;
/// Every address may be asked: the user named it.
const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// `status` is what the daemon says of itself, if one runs.
pub(super) async fn channels(loaded: &Loaded, status: Option<&Value>, found: &mut impl FnMut(Finding)) {
    let running = status.map(|status| &status["channels"]);
    for spec in loaded.plan.channels.values() {
        let name = &spec.name;
        let finding = match &spec.kind {
            ChannelKind::Lua { .. } => {
                Finding::ok(CHECK, format!("{name}: its functions are Lua; they are not called"))
            }
            ChannelKind::Http(http) => port(name, http.listen, running),
            ChannelKind::Telegram(bot) => telegram(loaded, spec, bot, running).await,
        };
        found(finding);
    }
}

fn port(name: &str, listen: std::net::SocketAddr, running: Option<&Value>) -> Finding {
    let there = running.and_then(|channels| channels[name]["listen"].as_str());
    match (TcpListener::bind(listen), there) {
        (_, Some(there)) if there == listen.to_string() || listen.port() == 0 => {
            Finding::ok(CHECK, format!("{name}: the daemon answers at {there}"))
        }
        (Ok(_), _) => Finding::ok(CHECK, format!("{name}: {listen} is free")),
        (Err(error), _) => {
            let finding = Finding::new(CHECK, Health::Fail, format!("{name}: {listen}: {error}"));
            match error.kind() {
                ErrorKind::AddrInUse => finding.with("`listen` of the channel chooses another port"),
                _ => finding.with("`listen` of the channel names an address of this machine"),
            }
        }
    }
}

async fn telegram(
    loaded: &Loaded,
    spec: &ChannelSpec,
    bot: &TelegramSpec,
    running: Option<&Value>,
) -> Finding {
    let name = &spec.name;
    let fail = |seen: String| Finding::new(CHECK, Health::Fail, format!("{name}: {seen}"));
    let token = match loaded.secrets.resolve(&bot.token).await {
        Ok(token) => token,
        Err(error) => return fail(error.to_string()).with(format!("{}: `token` names it", spec.location)),
    };
    let api = bot.api.as_deref().unwrap_or(API).trim_end_matches('/');
    let request = Request {
        method: "GET".into(),
        url: format!("{api}/bot{}/getMe", token.expose()),
        headers: vec![],
        body: None,
        timeout: PATIENCE,
        max_bytes: LONGEST,
        cut: true,
        redirects: 0,
        allowed: ANYWHERE.iter().filter_map(|network| network.parse().ok()).collect(),
    };
    let answer = match loaded.web.send(request).await {
        Ok(answer) => answer,
        Err(error) => {
            // The address has the token in it.
            let error = loaded.secrets.redactor().redact(&error.to_string()).into_owned();
            return fail(format!("{api} does not answer: {error}"));
        }
    };
    match bot_name(&answer) {
        Ok(bot) => {
            let seen = format!("{name}: {api} knows the bot as @{bot}");
            match polled_by(loaded, spec, running).await {
                Some(who) => Finding::ok(CHECK, format!("{seen}; {who}")),
                None => Finding::ok(CHECK, seen),
            }
        }
        Err(why) => fail(format!("{api} says to getMe: {why}"))
            .with("@BotFather shows the token of a bot, and makes new ones"),
    }
}

/// The bot's name, or what the server has against it.
fn bot_name(answer: &Response) -> Result<String, String> {
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (said["ok"].as_bool(), &said["result"]["username"], &said["description"]) {
        (Some(true), Value::String(name), _) => Ok(name.clone()),
        (Some(true), _, _) => Ok(said["result"]["id"].to_string()),
        (_, _, Value::String(why)) => Err(format!("HTTP {}: {why}", answer.status)),
        _ => Err(format!("HTTP {}, and nothing that makes sense", answer.status)),
    }
}

/// Who runs the channel now.
async fn polled_by(loaded: &Loaded, spec: &ChannelSpec, running: Option<&Value>) -> Option<String> {
    if running.is_some_and(|channels| channels[&spec.name]["up"] == true) {
        return Some("the daemon runs it".to_owned());
    }
    let pid = holder(&lock_file(loaded, spec).await?)?;
    Some(pid.map_or_else(|| "another process runs it".into(), |pid| format!("process {pid} runs it")))
}

//! `openpista connect`.

use super::{Exit, TurnArgs};
use crate::{
    app::{Flags, block_on, daemon::Nearby},
    attach::{Invitation, Place, Server, Servers, Whereabouts},
    domain::secret::Secret,
    front::to_stderr,
    quic::{Address, Client, Fingerprint, Target},
    repl::{Attach, attached},
};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use std::io::{BufRead, IsTerminal, stdin};

/// The directory below the state directory that holds the daemons known here.
const SERVERS: &str = "servers";
/// Nothing longer is a pairing code.
const LONGEST_CODE: usize = 64;

#[derive(Debug, Args)]
pub(super) struct Connect {
    /// Where the daemon is: HOST:PORT, or an openpista://… line of `openpista pair --qr` [default:
    /// the one that is known; else the one of this machine]
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,
    /// The pairing code; - reads it from standard input [default: asks for it]
    #[arg(long, value_name = "CODE", requires = "fingerprint")]
    code: Option<String>,
    /// The certificate's fingerprint, as `openpista pair` prints it: pair with this daemon
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<Fingerprint>,
    /// What this device shall be called there [default: its host name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Go on with this session (a name or an id), or begin one of this name
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    #[command(flatten)]
    turn: TurnArgs,
}

impl Connect {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        block_on(async {
            let nearby = Nearby::here()?;
            let servers = Servers::of(nearby.dirs().state.join(SERVERS));
            let way = match self.invitation()? {
                Some(invitation) => self.pair(&servers, invitation).await?,
                None => self.known(&servers, &nearby)?,
            };
            let history = nearby.dirs().state.join("history");
            let Self { session, turn, .. } = self;
            let attach = Attach {
                way,
                session,
                agent: turn.agent,
                model: turn.model,
                yes: turn.yes,
                history,
                remark: None,
            };
            Ok(attached(attach).await?.into())
        })
    }

    fn place(&self) -> anyhow::Result<Option<Place>> {
        let parse = |text: &String| text.parse().map_err(|error: String| anyhow!(error));
        self.address.as_ref().map(parse).transpose()
    }

    /// What to pair with, if that is wanted.
    fn invitation(&self) -> anyhow::Result<Option<Invitation>> {
        if let Some(text) = self.address.as_ref().filter(|text| Invitation::is_meant(text)) {
            return text.parse().map(Some).map_err(|error: String| anyhow!(error));
        }
        let Some(fingerprint) = self.fingerprint else { return Ok(None) };
        let place = self.place()?.ok_or_else(|| anyhow!("give the address that `openpista pair` printed"))?;
        let code = match self.code.as_deref() {
            Some(code) if code != "-" => Secret::new(code),
            _ => read_code()?,
        };
        Ok(Some(Invitation { place, code, fingerprint }))
    }

    /// Becomes a device of a daemon's, and remembers it.
    async fn pair(&self, servers: &Servers, invitation: Invitation) -> anyhow::Result<Box<dyn Whereabouts>> {
        let Invitation { place, code, fingerprint } = invitation;
        let target = Target { address: Address::Udp(place.resolve().await?), fingerprint };
        let name = self.name.clone().or_else(host_name);
        let paired = Client::pair(target, code, name).await;
        let (client, token) = paired.with_context(|| format!("not paired with {place}"))?;
        let welcome = client.welcome().await;
        client.close().await;
        let server = Server {
            address: place.to_string(),
            fingerprint: fingerprint.to_string(),
            name: welcome.name,
            role: welcome.role,
            device: welcome.device,
        };
        servers.keep(&place, &server, &token)?;
        to_stderr(&format!(
            "paired with {place} as {:?} ({}); from now on: openpista connect {place}\n",
            server.name, server.role
        ));
        Ok(Box::new(servers.way(place, server)))
    }

    /// The way to a daemon that this device was paired with, or to the one of this user.
    fn known(&self, servers: &Servers, nearby: &Nearby) -> anyhow::Result<Box<dyn Whereabouts>> {
        if let Some(place) = self.place()? {
            let Some(server) = servers.recall(&place)? else {
                bail!(
                    "not paired with {place} yet: run `openpista pair` there, and here: openpista connect {place} \
                     --fingerprint sha256:…"
                );
            };
            return Ok(Box::new(servers.way(place, server)));
        }
        let mut all = servers.all()?;
        match (all.pop(), all.is_empty()) {
            (Some(server), true) => {
                let place = server.address.parse().map_err(|error: String| anyhow!(error))?;
                Ok(Box::new(servers.way(place, server)))
            }
            (Some(last), false) => {
                let names = all.iter().chain([&last]).map(|server| server.address.as_str());
                bail!("say which one: {}", names.collect::<Vec<_>>().join(", "))
            }
            (None, _) if nearby.running(&Flags::new(None))?.is_some() => Ok(Box::new(nearby.clone())),
            (None, _) => bail!(
                "this device is not paired with any daemon: run `openpista pair` where one runs, and here what that \
                 prints"
            ),
        }
    }
}

/// Asks for the code: on the command line others could read it.
fn read_code() -> anyhow::Result<Secret> {
    if stdin().is_terminal() {
        to_stderr("code: ");
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("the code cannot be read")?;
    let code = line.trim();
    if code.is_empty() || code.len() > LONGEST_CODE {
        bail!("a pairing code is like 7KQ2M-9XWTB; `openpista pair` prints one");
    }
    Ok(Secret::new(code))
}

fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().trim().to_owned();
    (!name.is_empty()).then_some(name)
}

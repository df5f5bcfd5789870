//! `openpista devices …`.

use super::Exit;
use crate::{
    app::{Flags, Loaded, block_on, daemon::Nearby},
    attach::Link,
    domain::{
        cut,
        device::{Device, Devices as _},
        id::DeviceId,
    },
    front::{ago, printable, tail},
    memory::Memory,
};
use anyhow::bail;
use clap::{Args, Subcommand};
use std::{
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// Characters of a name that a line shows.
const NAME_CHARS: usize = 24;

#[derive(Debug, Args)]
pub(super) struct Devices {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the devices, oldest first
    #[command(alias = "ls")]
    List {
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Shut a device out, at once and for good
    Revoke {
        /// Its name, its id, or the beginning of its id
        device: String,
        /// Print the device as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Where devices are kept: the daemon has connections to cut too.
enum Register {
    Daemon(Link),
    Memory(Box<Loaded>, Memory),
}

impl Register {
    async fn open(flags: Flags) -> anyhow::Result<Self> {
        let nearby = Nearby::here()?;
        if nearby.running(&flags)?.is_some() {
            return Ok(Self::Daemon(Link::open(Box::new(nearby)).await?));
        }
        let loaded = Loaded::load(flags).await?;
        let memory = loaded.memory()?.clone();
        Ok(Self::Memory(Box::new(loaded), memory))
    }

    async fn all(&self) -> anyhow::Result<Vec<Device>> {
        Ok(match self {
            Self::Daemon(link) => link.devices().await?,
            Self::Memory(_, memory) => memory.all().await?,
        })
    }

    async fn revoke(&self, device: &DeviceId) -> anyhow::Result<()> {
        match self {
            Self::Daemon(link) => {
                if link.welcome().await?.0.device == *device {
                    bail!("this is the device that you ask from: nothing could be asked afterwards");
                }
                link.revoke(device).await?;
            }
            Self::Memory(_, memory) => {
                memory.shut_out(device).await?;
            }
        }
        Ok(())
    }

    async fn close(&self) {
        match self {
            Self::Daemon(link) => link.close().await,
            Self::Memory(loaded, _) => loaded.close().await,
        }
    }
}

impl Devices {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async {
            let register = Register::open(flags).await?;
            let done = self.command.run(&register).await;
            register.close().await;
            done.map(|()| Exit::Ok)
        })
    }
}

impl Command {
    async fn run(&self, register: &Register) -> anyhow::Result<()> {
        let devices = register.all().await?;
        let mut out = std::io::stdout().lock();
        match self {
            Self::List { json } => {
                for device in &devices {
                    match json {
                        true => writeln!(out, "{}", serde_json::to_string(device)?)?,
                        false => writeln!(out, "{}", line(device))?,
                    }
                }
                if devices.is_empty() && !json {
                    eprintln!("no devices yet; `openpista pair` lets one in");
                }
            }
            Self::Revoke { device, json } => {
                let device = find(&devices, device)?;
                register.revoke(&device.id).await?;
                match json {
                    true => {
                        let revoked = Device { revoked_ms: Some(now_ms()), ..device.clone() };
                        writeln!(out, "{}", serde_json::to_string(&revoked)?)?;
                    }
                    false => eprintln!("shut out {} {}", tail(device.id.as_str()), printable(&device.name)),
                }
            }
        }
        Ok(())
    }
}

/// The device of that id or name.
fn find<'a>(devices: &'a [Device], wanted: &str) -> anyhow::Result<&'a Device> {
    if let Some(device) = devices.iter().find(|device| device.id.as_str() == wanted) {
        return Ok(device);
    }
    let fits = |device: &&Device| {
        device.revoked_ms.is_none()
            && (device.name == wanted || (!wanted.is_empty() && starts(&device.id, wanted)))
    };
    let found: Vec<&Device> = devices.iter().filter(fits).collect();
    match found[..] {
        [device] => Ok(device),
        [] => bail!("no device is called {wanted:?}; `openpista devices list` shows what there is"),
        _ => {
            let ids = found.iter().map(|device| device.id.as_str()).collect::<Vec<_>>().join(", ");
            bail!("{wanted:?} fits {} devices; give the id: {ids}", found.len())
        }
    }
}

fn starts(id: &DeviceId, wanted: &str) -> bool {
    id.as_str().get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted))
}

fn line(device: &Device) -> String {
    let standing = match device {
        Device { revoked_ms: Some(at), .. } => format!("shut out {}", ago(*at)),
        Device { expires_ms: Some(at), .. } if *at <= now_ms() => format!("ended {}", ago(*at)),
        Device { seen_ms: Some(at), .. } => format!("seen {}", ago(*at)),
        _ => "never seen".into(),
    };
    let name = printable(&cut::title(&device.name, NAME_CHARS));
    format!("{}  {:<6}  {name:<NAME_CHARS$}  {standing}", device.id, device.role.as_str())
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

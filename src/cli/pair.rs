//! `openpista pair`.

use super::Exit;
use crate::{
    app::{block_on, daemon::Nearby},
    attach::{Code, Invitation, Link},
    domain::device::Role,
    front::{Colour, to_stdout},
};
use anyhow::{Context, anyhow};
use clap::Args;
use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::json;
use std::net::SocketAddr;

#[derive(Debug, Args)]
pub(super) struct Pair {
    /// What the device may do: owner (everything, running code included), user (talk to agents),
    /// worker (work for the engine)
    #[arg(long, value_name = "ROLE", default_value = "user")]
    role: Role,
    /// What the device shall be called [default: as it calls itself]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print a QR code too, which holds all that the device has to know
    #[arg(long, conflicts_with = "json")]
    qr: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Pair {
    pub(super) fn main(self) -> anyhow::Result<Exit> {
        block_on(async {
            let nearby = Nearby::here()?;
            let link = Link::open(Box::new(nearby.clone())).await?;
            // Looked up first: a code that nobody can use is none.
            let address = nearby.address()?.ok_or_else(|| {
                anyhow!(
                    "the daemon listens for nobody but this user on this machine: set `listen` in pista.setup, to \
                     \"127.0.0.1:4433\" or an address that the device can reach"
                )
            })?;
            let code = link.code(self.role, self.name.clone()).await?;
            link.close().await;
            let invitation = Invitation {
                place: address.into(),
                code: code.code.clone(),
                fingerprint: code.fingerprint.parse().map_err(|error: String| anyhow!(error))?,
            };
            let text = match self.json {
                true => self.json(&code, &invitation),
                false => self.text(&code, &invitation, address)?,
            };
            to_stdout(&text)?;
            Ok(Exit::Ok)
        })
    }

    fn json(&self, code: &Code, invitation: &Invitation) -> String {
        let line = json!({
            "code": code.code.expose(),
            "role": code.role,
            "name": self.name,
            "address": invitation.place.to_string(),
            "fingerprint": code.fingerprint,
            "expires_ms": code.expires_ms,
            "seconds": code.seconds,
            "invitation": invitation.to_line(),
        });
        format!("{line}\n")
    }

    fn text(&self, code: &Code, invitation: &Invitation, address: SocketAddr) -> anyhow::Result<String> {
        let place = &invitation.place;
        let mut text = format!(
            "code         {}\naddress      {place}{}\nfingerprint  {}\nrole         {}\ngood         once, for {}, \
             until {} UTC\n\non the other device:\n  openpista connect {place} --fingerprint {}\nwhich asks for the code\n",
            code.code.expose(),
            remark(address),
            code.fingerprint,
            code.role,
            period(code.seconds),
            clock(code.expires_ms),
            code.fingerprint,
        );
        if self.qr {
            let qr = QrCode::new(invitation.to_line()).context("no QR code can be made")?;
            let picture = qr.render::<Dense1x2>().quiet_zone(true).build();
            // Dark on light, whatever the terminal's own colours are: some cameras want it so.
            let lines = picture.lines().map(|line| Colour::stdout().paint("30;47", line));
            let picture = lines.collect::<Vec<_>>().join("\n");
            text.push_str(&format!(
                "\n{picture}\n\nor all of it:  openpista connect '{}'\n",
                invitation.to_line()
            ));
        }
        Ok(text)
    }
}

/// Who can reach an address, where that is not plain.
fn remark(address: SocketAddr) -> &'static str {
    match address.ip() {
        ip if ip.is_loopback() => {
            "  (only for programs on this machine; `listen` in pista.setup names another)"
        }
        ip if ip.is_unspecified() => "  (any address of this machine; use one that the device can reach)",
        _ => "",
    }
}

fn period(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        _ => format!("{} minutes", seconds / 60),
    }
}

/// The time of day of a moment.
fn clock(ms: i64) -> String {
    let seconds = ms.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

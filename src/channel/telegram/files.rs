//! Files that people send: fetched into the workspace.

use super::{Telegram, Up, errors, message::Message, rich};
use futures_util::StreamExt;
use serde_json::Value;
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use teloxide_core::{payloads::GetFile, types::FileId};
use tokio::io::AsyncWriteExt;

/// The largest file that is fetched: bots get no larger ones from Telegram's server.
pub const MAX_DOWNLOAD_BYTES: u64 = 20 << 20;
/// The largest file that is sent: the server takes no larger ones.
pub const MAX_UPLOAD_BYTES: u64 = 50 << 20;
/// The largest picture that is sent as one; larger ones go as files.
pub const MAX_PHOTO_BYTES: u64 = 10 << 20;
/// So many files are fetched at the same time.
pub const MAX_DOWNLOADS: usize = 4;
/// Locks that files share by their names.
pub(super) const STRIPES: usize = 16;
/// Bytes of a file's name, at most.
const NAME_BYTES: usize = 80;

/// A file of a message.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    id: String,
    size: u64,
    pub(super) name: String,
}

/// The files of a message, which is of this kind. Of a kind that is not known, whatever is one.
pub(super) fn of(message: &Value, kind: &str) -> Vec<Incoming> {
    let one = |kind: &str| file(kind, &message[kind]).into_iter().collect();
    match kind {
        "live_photo" => {
            ["photo", "live_photo"].iter().filter_map(|kind| file(kind, &message[*kind])).collect()
        }
        "paid_media" => {
            let list = message["paid_media"]["paid_media"].as_array().into_iter().flatten();
            list.filter_map(|media| {
                let kind = media["type"].as_str()?;
                file(kind, &media[kind])
            })
            .collect()
        }
        "rich_message" => {
            let fields = rich::files(&message["rich_message"]);
            fields.into_iter().filter_map(|(kind, value)| file(kind, value)).collect()
        }
        "photo" | "animation" | "audio" | "document" | "video" | "video_note" | "voice" => one(kind),
        "" => {
            let fields = message.as_object().into_iter().flatten();
            fields.filter_map(|(key, value)| file(key, value)).collect()
        }
        _ => vec![],
    }
}

/// A file in a field of this name.
fn file(kind: &str, value: &Value) -> Option<Incoming> {
    // Pictures come in several sizes.
    let area = |size: &&Value| {
        let side = |key: &str| size[key].as_u64().unwrap_or(0);
        (side("width") * side("height"), side("file_size"))
    };
    let value = match value {
        Value::Array(sizes) => sizes.iter().max_by_key(area)?,
        value => value,
    };
    let otherwise = match kind {
        "photo" => "photo.jpg",
        "animation" => "animation.mp4",
        "voice" | "voice_note" => "voice.ogg",
        "audio" => "audio.mp3",
        "video" | "video_note" | "live_photo" => "video.mp4",
        _ => "file",
    };
    let name = value["file_name"].as_str().and_then(safe).unwrap_or_else(|| otherwise.to_owned());
    let size = value["file_size"].as_u64().unwrap_or(0);
    Some(Incoming { id: value["file_id"].as_str()?.to_owned(), size, name })
}

/// A name that is one everywhere, and goes nowhere. `None`: nothing is left of it.
fn safe(name: &str) -> Option<String> {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
        if out.len() + c.len_utf8() > NAME_BYTES {
            break;
        }
        out.push(c);
    }
    let out = out.trim_start_matches('.');
    (!out.trim_matches('_').is_empty()).then(|| out.to_owned())
}

impl Telegram {
    /// Fetches the files of a message, at the same time; a line for each that says where it is, or why
    /// not. `number` is the message's in its chat.
    pub(super) async fn fetch_all(
        &self,
        up: &Up,
        message: &Message,
        number: &str,
        files: &[Incoming],
    ) -> Vec<String> {
        let chat = message.chat();
        let fetched = files.iter().enumerate().map(async |(index, file)| {
            // The same message has the same names: what was fetched once is there.
            let name = match index {
                0 => format!("{chat}-{number}-{}", file.name),
                _ => format!("{chat}-{number}-{index}-{}", file.name),
            };
            match self.fetch(up, file, &name).await {
                Ok(path) => format!("[file: {path}]"),
                Err(why) => {
                    let channel = &self.options.name;
                    tracing::warn!(channel, file = file.name, "a file is not fetched: {why}");
                    format!("[file {}: not fetched, {why}]", file.name)
                }
            }
        });
        futures_util::future::join_all(fetched).await
    }

    /// Fetches a file; returns where it is, by a path within the workspace.
    async fn fetch(&self, up: &Up, file: &Incoming, name: &str) -> Result<String, String> {
        let Some(inbox) = &self.options.inbox else { return Err("this channel takes no files".into()) };
        if file.size > MAX_DOWNLOAD_BYTES {
            return Err(format!("it is larger than {} MiB", MAX_DOWNLOAD_BYTES >> 20));
        }
        let dir = self.options.workspace.join(inbox);
        make(&self.options.workspace, inbox).map_err(|error| format!("{}: {error}", dir.display()))?;
        let (shown, path) = (format!("{inbox}/{name}"), dir.join(name));
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
            return Ok(shown);
        }
        // A message and one that answers it may want the same file at the same time.
        let _same = self.fetching[stripe(name)].lock().await;
        if path.exists() {
            return Ok(shown);
        }
        let _slot = self.downloads.acquire().await.map_err(|error| error.to_string())?;
        let part = dir.join(format!(".{name}.part"));
        let fetched = download(up, file, &part).await;
        let moved = fetched.and_then(|()| fs::rename(&part, &path).map_err(|error| error.to_string()));
        if moved.is_err() {
            let _ = fs::remove_file(&part);
        }
        moved.map(|()| shown)
    }
}

fn stripe(name: &str) -> usize {
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    sum % STRIPES
}

async fn download(up: &Up, file: &Incoming, to: &PathBuf) -> Result<(), String> {
    let told = |fault| errors::shown(&fault, &up.token);
    let found = up.client.call(&GetFile::new(FileId(file.id.clone()))).await.map_err(told)?;
    let from = found["file_path"].as_str().ok_or("the server does not say where it is")?;
    let _ = fs::remove_file(to);
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut out = tokio::fs::File::from_std(opened.map_err(|error| error.to_string())?);
    let mut pieces = Box::pin(up.client.download(from).await.map_err(told)?);
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(told)?;
        length += piece.len() as u64;
        if length > MAX_DOWNLOAD_BYTES {
            return Err(format!("it is larger than {} MiB", MAX_DOWNLOAD_BYTES >> 20));
        }
        out.write_all(&piece).await.map_err(|error| error.to_string())?;
    }
    out.flush().await.map_err(|error| error.to_string())
}

/// Makes the directory, and goes through no link: one could have been put there to have a file
/// written elsewhere.
fn make(workspace: &Path, inbox: &str) -> io::Result<()> {
    let mut dir = workspace.to_owned();
    for part in inbox.split('/') {
        dir.push(part);
        match fs::symlink_metadata(&dir) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(io::Error::other("is no directory")),
            Err(_) => fs::DirBuilder::new().mode(0o700).create(&dir)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_nowhere() {
        assert_eq!(safe("../../etc/passwd").as_deref(), Some("_.._etc_passwd"));
        assert_eq!(safe(".bashrc").as_deref(), Some("bashrc"));
        assert_eq!(safe("Bericht für März.pdf").as_deref(), Some("Bericht_für_März.pdf"));
        assert_eq!(safe("a\0b\nc").as_deref(), Some("a_b_c"));
        assert_eq!(safe("///"), None);
        assert!(safe(&"é".repeat(500)).is_some_and(|name| name.len() <= NAME_BYTES));
    }
}

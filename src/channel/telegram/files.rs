//! Files that people send: fetched into the workspace.

use super::{Telegram, Up, errors};
use futures_util::StreamExt;
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use teloxide_core::{
    net::Download,
    prelude::Requester,
    types::{FileId, FileMeta, Message},
};
use tokio::io::AsyncWriteExt;

/// The largest file that is fetched: bots get no larger ones from Telegram's server.
pub const MAX_DOWNLOAD_BYTES: u64 = 20 << 20;
/// The largest file that is sent: the server takes no larger ones.
pub const MAX_UPLOAD_BYTES: u64 = 50 << 20;
/// The largest picture that is sent as one; larger ones go as files.
pub const MAX_PHOTO_BYTES: u64 = 10 << 20;
/// So many files are fetched at the same time.
pub const MAX_DOWNLOADS: usize = 4;
/// Bytes of a file's name, at most.
const NAME_BYTES: usize = 80;

/// A file of a message.
pub(super) struct Incoming {
    id: FileId,
    size: u64,
    pub(super) name: String,
}

/// The file of a message, if it has one.
pub(super) fn of(message: &Message) -> Option<Incoming> {
    let file = |meta: &FileMeta, name: Option<&str>, otherwise: &str| {
        let name = safe(name.unwrap_or(otherwise)).unwrap_or_else(|| otherwise.to_owned());
        Some(Incoming { id: meta.id.clone(), size: u64::from(meta.size), name })
    };
    if let Some(photo) = message.photo() {
        let largest = photo.iter().max_by_key(|size| u64::from(size.width) * u64::from(size.height))?;
        return file(&largest.file, None, "photo.jpg");
    }
    if let Some(it) = message.animation() {
        return file(&it.file, it.file_name.as_deref(), "animation.mp4");
    }
    if let Some(it) = message.document() {
        return file(&it.file, it.file_name.as_deref(), "file");
    }
    if let Some(it) = message.voice() {
        return file(&it.file, None, "voice.ogg");
    }
    if let Some(it) = message.audio() {
        return file(&it.file, it.file_name.as_deref(), "audio.mp3");
    }
    if let Some(it) = message.video() {
        return file(&it.file, it.file_name.as_deref(), "video.mp4");
    }
    message.video_note().and_then(|it| file(&it.file, None, "video.mp4"))
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
    /// Fetches a file; returns where it is, by a path within the workspace.
    pub(super) async fn fetch(&self, up: &Up, message: &Message, file: &Incoming) -> Result<String, String> {
        let Some(inbox) = &self.options.inbox else { return Err("this channel takes no files".into()) };
        if file.size > MAX_DOWNLOAD_BYTES {
            return Err(format!("it is larger than {} MiB", MAX_DOWNLOAD_BYTES >> 20));
        }
        let dir = self.options.workspace.join(inbox);
        make(&self.options.workspace, inbox).map_err(|error| format!("{}: {error}", dir.display()))?;
        // The same message has the same name: what was fetched once is there.
        let name = format!("{}-{}-{}", message.chat.id, message.id, file.name);
        let (shown, path) = (format!("{inbox}/{name}"), dir.join(&name));
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_file()) {
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

async fn download(up: &Up, file: &Incoming, to: &PathBuf) -> Result<(), String> {
    let found = up.client.files.get_file(file.id.clone()).await;
    let found = found.map_err(|error| errors::shown(&error, &up.token))?;
    let _ = fs::remove_file(to);
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let mut out = tokio::fs::File::from_std(opened.map_err(|error| error.to_string())?);
    let mut pieces = Box::pin(up.client.files.download_file_stream(&found.path));
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| errors::undownloaded(&error.into(), &up.token))?;
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

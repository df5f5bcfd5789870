//! Files on their way out: as pictures where they are some, else as documents; in words, where a file
//! cannot be sent.

use super::{
    MAX_CAPTION_UNITS, MAX_PHOTO_BYTES, MAX_UPLOAD_BYTES, Telegram, Up,
    errors::{self, Fault},
    markup::{Styled, units},
    outgoing::{AGAIN, Remark},
    place::Place,
    turns::number_of,
};
use std::path::Path;
use teloxide_core::{
    payloads::{SendDocument, SendPhoto},
    types::{InputFile, ParseMode},
};

impl Telegram {
    /// A file as a message; in words, where it cannot be one. Returns the numbers of what was sent.
    pub(super) async fn hand(
        &self,
        up: &Up,
        place: Place,
        path: &Path,
        caption: Option<Styled>,
        again: bool,
    ) -> Result<Vec<i32>, Fault> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let caption = match (caption, again) {
            (Some(caption), true) => Some(caption.after(AGAIN)),
            (None, true) => Some(Styled::plain(AGAIN)),
            (caption, false) => caption,
        };
        let why = match size(path) {
            Err(why) => why,
            Ok(size) => {
                let picture = size <= MAX_PHOTO_BYTES && is_picture(&name);
                match self.send_file(up, place, path, &name, caption.as_ref(), picture).await {
                    Err(fault @ (Fault::Refused { .. } | Fault::File(_))) => errors::shown(&fault, &up.token),
                    sent => return sent,
                }
            }
        };
        tracing::warn!(channel = self.options.name, "the file {name} was not sent: {why}");
        let remark = format!("[the file {name} was not sent: {why}]");
        let text = match caption {
            Some(caption) => Styled { text: format!("{}\n{remark}", caption.text), spans: caption.spans },
            None => Styled::plain(remark),
        };
        self.say(up, place, &text, None).await
    }

    /// Sends a file with its caption; without the caption's looks where the server does not take them.
    async fn send_file(
        &self,
        up: &Up,
        place: Place,
        path: &Path,
        name: &str,
        caption: Option<&Styled>,
        picture: bool,
    ) -> Result<Vec<i32>, Fault> {
        let html = caption.map(|caption| (caption.html(), Some(ParseMode::Html)));
        match self.upload(up, place, path, name, html, picture).await {
            Err(fault) if caption.is_some() && errors::is_unparsed(&fault) => self.untold(&fault, up),
            sent => return sent,
        }
        let bare = caption.map(Styled::bare).unwrap_or_default();
        if units(&bare) <= MAX_CAPTION_UNITS {
            return self.upload(up, place, path, name, Some((bare, None)), picture).await;
        }
        let mut sent = self.upload(up, place, path, name, None, picture).await?;
        sent.extend(self.say(up, place, &Styled::plain(bare), None).await?);
        Ok(sent)
    }

    async fn upload(
        &self,
        up: &Up,
        place: Place,
        path: &Path,
        name: &str,
        caption: Option<(String, Option<ParseMode>)>,
        picture: bool,
    ) -> Result<Vec<i32>, Fault> {
        let file = || InputFile::file(path).file_name(name.to_owned());
        if picture {
            let sent = self.at(place, |place, remark| {
                let mut request = SendPhoto::new(place.chat, file());
                request.message_thread_id = place.topic;
                (request.caption, request.parse_mode) = captioned(caption.clone(), remark);
                Box::pin(async move { up.client.upload(&request, "photo", path, name).await })
            });
            match sent.await {
                Err(fault) if errors::is_no_picture(&fault) => {}
                sent => return sent.map(|sent| number_of(&sent).into_iter().collect()),
            }
        }
        let sent = self.at(place, |place, remark| {
            let mut request = SendDocument::new(place.chat, file());
            request.message_thread_id = place.topic;
            (request.caption, request.parse_mode) = captioned(caption.clone(), remark);
            Box::pin(async move { up.client.upload(&request, "document", path, name).await })
        });
        sent.await.map(|sent| number_of(&sent).into_iter().collect())
    }
}

/// A caption with a remark before it, which has nothing that HTML would take for its own.
fn captioned(
    caption: Option<(String, Option<ParseMode>)>,
    remark: Remark,
) -> (Option<String>, Option<ParseMode>) {
    match (caption, remark) {
        (Some((text, mode)), Some(remark)) => (Some(format!("{remark}\n{text}")), mode),
        (Some((text, mode)), None) => (Some(text), mode),
        (None, remark) => (remark.map(str::to_owned), None),
    }
}

fn size(path: &Path) -> Result<u64, String> {
    // A link that was put in its place since it was looked at could lead to anything.
    if std::fs::canonicalize(path).map_err(|error| error.to_string())? != path {
        return Err("it is not where it was".into());
    }
    let found = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no file".into());
    }
    match found.len() {
        0 => Err("it is empty".into()),
        size if size > MAX_UPLOAD_BYTES => Err(format!("it is larger than {} MiB", MAX_UPLOAD_BYTES >> 20)),
        size => Ok(size),
    }
}

fn is_picture(name: &str) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    end.is_some_and(|end| ["png", "jpg", "jpeg", "webp"].contains(&end.as_str()))
}

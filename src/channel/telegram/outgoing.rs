//! Messages on their way out: in parts that fit, each noted once it arrived.

use super::{
    MAX_PHOTO_BYTES, MAX_UPLOAD_BYTES, Telegram, Up, errors, lock,
    markup::{Styled, messages, shows_nothing, units},
    place::Place,
    pressing::buttons,
};
use crate::{
    channel::{Progress, Undelivered},
    domain::{
        BoxFuture,
        post::{Content, Parcel},
    },
};
use std::path::{Path, PathBuf};
use teloxide_core::{
    RequestError,
    payloads::{EditMessageTextSetters, SendDocumentSetters, SendMessageSetters, SendPhotoSetters},
    prelude::Requester,
    types::{ChatId, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, MessageId, ParseMode},
};

/// The longest text of one message, in units of UTF-16 without the tags.
pub const MAX_UNITS: usize = 4_096;
/// The longest text that goes with a file.
pub const MAX_CAPTION_UNITS: usize = 1_024;
/// What is said before a part that may have arrived already.
pub(super) const AGAIN: &str = "(Sent again after an interruption: it may have arrived before.)";
/// Room for that remark.
const ROOM: usize = 72;
/// What a server says of pictures that it cannot take as such.
const NO_PICTURE: [&str; 3] = ["PHOTO_", "IMAGE_", "photo"];

/// A request under way.
type Doing = BoxFuture<'static, Result<(), RequestError>>;

/// What goes out as one message.
enum Part {
    Text(Styled),
    File(PathBuf, Option<Styled>),
}

/// The parts of a message. The same ones each time: how many have arrived is all that is kept.
fn parts(content: &Content) -> Vec<Part> {
    let mut files: Vec<Part> = content.files.iter().map(|path| Part::File(path.into(), None)).collect();
    let says_nothing = content.text.trim().is_empty() && content.question.is_none();
    if says_nothing || (shows_nothing(&content.text) && !files.is_empty()) {
        return files;
    }
    let mut texts = messages(&content.text, MAX_UNITS - ROOM);
    if let Some(Part::File(_, caption)) = files.first_mut()
        && content.question.is_none()
        && texts.len() == 1
        && units(&texts[0].text) <= MAX_CAPTION_UNITS - ROOM
    {
        *caption = texts.pop();
        return files;
    }
    let mut parts: Vec<Part> = texts.into_iter().map(Part::Text).collect();
    parts.append(&mut files);
    parts
}

/// A link that a model wrote is not followed before somebody clicks it: fetching it would tell its
/// server what is in it.
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

impl Telegram {
    /// Sends what has not arrived yet.
    pub(super) async fn send_out(
        &self,
        up: &Up,
        parcel: Parcel,
        progress: &dyn Progress,
    ) -> Result<(), Undelivered> {
        let Parcel { conversation, content, parts: arrived, doubtful, .. } = parcel;
        let place = Place::read(&conversation).map_err(Undelivered::Refused)?;
        let parts = parts(&content);
        if parts.is_empty() {
            let channel = &self.options.name;
            tracing::warn!(channel, conversation, "a message without text and files is not sent");
        }
        let last_text = parts.iter().rposition(|part| matches!(part, Part::Text(_)));
        let count = parts.len();
        let draft = match &content.question {
            Some(_) => {
                self.turns.asked(&conversation);
                None
            }
            None if arrived == 0 => self.turns.draft(&conversation).await,
            None => None,
        };
        for (index, part) in parts.into_iter().enumerate().skip(arrived as usize) {
            let again = doubtful && index == arrived as usize;
            let keys = content.question.as_deref().filter(|_| Some(index) == last_text).and_then(buttons);
            let sent = match part {
                Part::Text(text) => {
                    let text = if again { text.after(AGAIN) } else { text };
                    match draft.filter(|_| index == 0) {
                        Some(draft) => self.replace(up, place, draft, &text).await,
                        None => self.say(up, place, &text, keys).await,
                    }
                }
                Part::File(path, caption) => self.hand(up, place, &path, caption, again).await,
            };
            if let Err(error) = sent {
                if let Some(draft) = draft.filter(|_| index == 0) {
                    self.turns.keep_draft(&conversation, place, draft);
                }
                return Err(errors::undelivered(&error, &up.token));
            }
            if index + 1 < count {
                let arrived = u32::try_from(index + 1).unwrap_or(u32::MAX);
                progress.arrived(arrived).await.map_err(|error| Undelivered::Away {
                    error: error.to_string(),
                    again: None,
                    doubtful: true,
                })?;
            }
        }
        Ok(())
    }

    /// Where a place is now.
    fn now(&self, place: Place) -> Place {
        let chat = lock(&self.moved).get(&place.chat).copied().unwrap_or(place.chat);
        Place { chat, ..place }
    }

    /// Does something at a place; once more where the place has moved.
    async fn at(&self, place: Place, act: impl Fn(Place) -> Doing) -> Result<(), RequestError> {
        let done = match act(self.now(place)).await {
            Err(RequestError::MigrateToChatId(new)) => {
                self.move_to(place.chat, new);
                act(self.now(place)).await
            }
            done => done,
        };
        match done {
            Err(error) if errors::done(&error) => Ok(()),
            done => done,
        }
    }

    fn move_to(&self, old: ChatId, new: ChatId) {
        lock(&self.moved).insert(old, new);
    }

    /// A text as a message; without its looks where the server does not take them.
    async fn say(
        &self,
        up: &Up,
        place: Place,
        text: &Styled,
        keys: Option<InlineKeyboardMarkup>,
    ) -> Result<(), RequestError> {
        let send = |place: Place, looks: bool| -> Doing {
            let said = if looks { text.html() } else { text.text.clone() };
            let mut request = up.client.bot.send_message(place.chat, said).link_preview_options(no_preview());
            request.parse_mode = looks.then_some(ParseMode::Html);
            request.message_thread_id = place.topic;
            request.reply_markup = keys.clone().map(Into::into);
            Box::pin(async move { request.await.map(drop) })
        };
        match self.at(place, |place| send(place, true)).await {
            Err(error) if errors::unparsed(&error) => {
                self.untold(&error, up);
                self.at(place, |place| send(place, false)).await
            }
            sent => sent,
        }
    }

    /// Puts the text in the place of what was shown while it was written.
    async fn replace(
        &self,
        up: &Up,
        place: Place,
        draft: MessageId,
        text: &Styled,
    ) -> Result<(), RequestError> {
        let edit = |place: Place| -> Doing {
            let bot = &up.client.bot;
            let edit = bot.edit_message_text(place.chat, draft, text.html()).parse_mode(ParseMode::Html);
            let edit = edit.link_preview_options(no_preview());
            Box::pin(async move { edit.await.map(drop) })
        };
        match self.at(place, edit).await {
            Err(RequestError::Api(teloxide_core::ApiError::MessageNotModified)) => Ok(()),
            // It was removed meanwhile, or its looks are not taken.
            Err(RequestError::Api(_)) => self.say(up, place, text, None).await,
            edited => edited,
        }
    }

    /// A file as a message; in words, where it cannot be one.
    async fn hand(
        &self,
        up: &Up,
        place: Place,
        path: &Path,
        caption: Option<Styled>,
        again: bool,
    ) -> Result<(), RequestError> {
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
                match self.upload(up, place, path, &name, caption.as_ref(), picture).await {
                    Err(RequestError::Api(error)) => errors::shown(&RequestError::Api(error), &up.token),
                    Err(RequestError::Io(error)) => error.to_string(),
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

    async fn upload(
        &self,
        up: &Up,
        place: Place,
        path: &Path,
        name: &str,
        caption: Option<&Styled>,
        picture: bool,
    ) -> Result<(), RequestError> {
        let bot = &up.client.files;
        let file = || InputFile::file(path).file_name(name.to_owned());
        if picture {
            let send = |place: Place| -> Doing {
                let mut request = bot.send_photo(place.chat, file());
                request.message_thread_id = place.topic;
                if let Some(text) = caption {
                    request = request.caption(text.html()).parse_mode(ParseMode::Html);
                }
                Box::pin(async move { request.await.map(drop) })
            };
            match self.at(place, send).await {
                Err(RequestError::Api(error))
                    if NO_PICTURE.iter().any(|word| error.to_string().contains(word)) => {}
                sent => return sent,
            }
        }
        let send = |place: Place| -> Doing {
            let mut request = bot.send_document(place.chat, file());
            request.message_thread_id = place.topic;
            if let Some(text) = caption {
                request = request.caption(text.html()).parse_mode(ParseMode::Html);
            }
            Box::pin(async move { request.await.map(drop) })
        };
        self.at(place, send).await
    }

    fn untold(&self, error: &RequestError, up: &Up) {
        let error = errors::shown(error, &up.token);
        tracing::warn!(channel = self.options.name, "a message goes out without its looks: {error}");
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

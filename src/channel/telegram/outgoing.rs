//! Messages on their way out: in parts that fit, each noted once it arrived.

use super::{
    Telegram, Up,
    errors::{self, Fault},
    lock,
    markup::{Styled, messages, pieces, plain_messages, shows_nothing, units},
    place::Place,
    pressing::buttons,
    turns::number_of,
};
use crate::{
    channel::{Progress, Undelivered},
    domain::{
        BoxFuture,
        post::{Content, Parcel},
    },
};
use serde_json::Value;
use std::path::PathBuf;
use teloxide_core::{
    payloads::{EditMessageText, SendMessage},
    types::{InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ParseMode},
};

/// The longest text of one message, in units of UTF-16 without the tags.
pub const MAX_UNITS: usize = 4_096;
/// The longest text that goes with a file.
pub const MAX_CAPTION_UNITS: usize = 1_024;
/// What is said before a part that may have arrived already.
pub(super) const AGAIN: &str = "(Sent again after an interruption: it may have arrived before.)";
/// What is said before a message whose topic is gone.
const TOPIC_GONE: &str = "(The topic for this is gone.)";
/// Room for these remarks.
const ROOM: usize = 110;
/// Places whose last answer is known.
const MOST_PLACES: usize = 1_024;

/// What is said before a message because of where it goes.
pub(super) type Remark = Option<&'static str>;

/// What goes out as one message.
enum Part {
    Text(Styled),
    File(PathBuf, Option<Styled>),
}

/// The answer that was sent last at a place.
#[derive(Clone, Default)]
pub(super) struct Last {
    /// The numbers of its messages, as far as they have arrived.
    numbers: Vec<i64>,
    /// Their texts: somebody may answer to one before its number is known here.
    texts: Vec<String>,
}

impl Last {
    fn of(parts: &[Part]) -> Self {
        let text = |part: &Part| match part {
            Part::Text(text) | Part::File(_, Some(text)) => Some(text.text.trim().to_owned()),
            Part::File(_, None) => None,
        };
        Self { numbers: vec![], texts: parts.iter().filter_map(text).collect() }
    }

    /// Whether a message is a part of it.
    pub(super) fn is(&self, number: i64, text: &str) -> bool {
        self.numbers.contains(&number) || self.texts.iter().any(|known| known == text.trim())
    }
}

/// The parts of a message. The same ones each time: how many have arrived is all that is kept.
fn parts(content: &Content) -> Vec<Part> {
    let mut files: Vec<Part> = content.files.iter().map(|path| Part::File(path.into(), None)).collect();
    let says_nothing = content.text.trim().is_empty() && content.question.is_none();
    if says_nothing || (shows_nothing(&content.text) && !files.is_empty()) {
        return files;
    }
    let mut texts = match content.question {
        // A call that people are asked about is shown as it is: asterisks in it are no emphasis.
        Some(_) => plain_messages(&content.text, MAX_UNITS - ROOM),
        None => messages(&content.text, MAX_UNITS - ROOM),
    };
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
pub(super) fn no_preview() -> LinkPreviewOptions {
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
        let Parcel { conversation, content, parts: arrived, doubtful, answers, .. } = parcel;
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
        self.note_last(place, answers.is_some().then(|| Last::of(&parts)));
        for (index, part) in parts.into_iter().enumerate().skip(arrived as usize) {
            let again = doubtful && index == arrived as usize;
            let keys = content.question.as_deref().filter(|_| Some(index) == last_text).and_then(buttons);
            // What people say from now on may be said to this.
            lock(&self.gather).answered(place);
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
            match sent {
                Ok(sent) => {
                    if let Some(last) = lock(&self.last).get_mut(&place) {
                        last.numbers.extend(sent.into_iter().map(i64::from));
                    }
                }
                Err(fault) => {
                    if let Some(draft) = draft.filter(|_| index == 0) {
                        self.turns.keep_draft(&conversation, place, draft);
                    }
                    return Err(errors::undelivered(&fault, &up.token));
                }
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

    /// Notes what is said last at a place, where it is an answer: the conversation ends with it.
    fn note_last(&self, place: Place, answer: Option<Last>) {
        let mut last = lock(&self.last);
        if last.len() >= MOST_PLACES {
            last.clear();
        }
        match answer {
            Some(answer) => last.insert(place, answer),
            None => last.remove(&place),
        };
    }

    /// Does something at a place: once more where the place has moved, and without the topic, with a
    /// remark, where that is gone.
    pub(super) async fn at<'a>(
        &self,
        place: Place,
        act: impl Fn(Place, Remark) -> BoxFuture<'a, Result<Value, Fault>>,
    ) -> Result<Value, Fault> {
        let mut here = Place { chat: self.now(place.chat), ..place };
        let mut done = act(here, None).await;
        if let Err(Fault::Moved(to)) = done {
            let door = lock(&self.door).clone();
            if let Err(error) = self.move_to(door.as_deref(), here.chat, to).await {
                tracing::error!(channel = self.options.name, "{error}");
            }
            here.chat = to;
            done = act(here, None).await;
        }
        match done {
            Err(fault) if here.topic.is_some() && errors::is_without_topic(&fault) => {
                tracing::warn!(channel = self.options.name, %place, "a topic is gone: its message goes out without one");
                act(Place { topic: None, ..here }, Some(TOPIC_GONE)).await
            }
            done => done,
        }
    }

    /// A text as a message; without its looks where the server does not take them. Returns the numbers
    /// of what was sent.
    pub(super) async fn say(
        &self,
        up: &Up,
        place: Place,
        text: &Styled,
        keys: Option<InlineKeyboardMarkup>,
    ) -> Result<Vec<i32>, Fault> {
        let looks = |remark: Remark| match remark {
            Some(remark) => text.clone().after(remark).html(),
            None => text.html(),
        };
        match self.send_text(up, place, looks, Some(ParseMode::Html), keys.clone()).await {
            Err(fault) if errors::is_unparsed(&fault) => self.untold(&fault, up),
            sent => return sent.map(|sent| sent.into_iter().collect()),
        }
        // With the addresses of its links it may be longer.
        let bare = pieces(&Styled::plain(text.bare()), MAX_UNITS - ROOM);
        let (mut numbers, count) = (vec![], bare.len());
        for (index, piece) in bare.into_iter().enumerate() {
            let keys = keys.clone().filter(|_| index + 1 == count);
            let said = |remark: Remark| match remark.filter(|_| index == 0) {
                Some(remark) => format!("{remark}\n{}", piece.text),
                None => piece.text.clone(),
            };
            numbers.extend(self.send_text(up, place, said, None, keys).await?);
        }
        Ok(numbers)
    }

    async fn send_text(
        &self,
        up: &Up,
        place: Place,
        text: impl Fn(Remark) -> String,
        mode: Option<ParseMode>,
        keys: Option<InlineKeyboardMarkup>,
    ) -> Result<Option<i32>, Fault> {
        let sent = self.at(place, |place, remark| {
            let mut request = SendMessage::new(place.chat, text(remark));
            request.parse_mode = mode;
            request.link_preview_options = Some(no_preview());
            request.message_thread_id = place.topic;
            request.reply_markup = keys.clone().map(Into::into);
            Box::pin(async move { up.client.call(&request).await })
        });
        Ok(number_of(&sent.await?))
    }

    /// Puts the text in the place of what was shown while it was written.
    async fn replace(
        &self,
        up: &Up,
        place: Place,
        draft: MessageId,
        text: &Styled,
    ) -> Result<Vec<i32>, Fault> {
        let edited = self.at(place, |place, _| {
            let mut request = EditMessageText::new(place.chat, draft, text.html());
            request.parse_mode = Some(ParseMode::Html);
            request.link_preview_options = Some(no_preview());
            Box::pin(async move { up.client.call(&request).await })
        });
        match edited.await {
            Err(fault) if errors::is_unchanged(&fault) => Ok(vec![draft.0]),
            // It was removed meanwhile, or its looks are not taken.
            Err(Fault::Refused { .. }) => self.say(up, place, text, None).await,
            edited => edited.map(|_| vec![draft.0]),
        }
    }

    pub(super) fn untold(&self, fault: &Fault, up: &Up) {
        let error = errors::shown(fault, &up.token);
        tracing::warn!(channel = self.options.name, "a message goes out without its looks: {error}");
    }
}

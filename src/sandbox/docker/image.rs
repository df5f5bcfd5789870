//! Having an image there. A pull is not one call's: it goes on when the time of who asked for it is over,
//! and whoever asks for the same image meanwhile waits for the same pull.

use super::{
    Docker, DockerError, Progress,
    error::{Step, words},
    run::Deadline,
};
use bollard::{Docker as Client, errors::Error, query_parameters::CreateImageOptionsBuilder};
use futures_util::StreamExt;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::timeout};

/// How often progress is told.
const EVERY: Duration = Duration::from_secs(2);
/// How often it is told that there is no news.
const NO_NEWS: Duration = Duration::from_secs(10);
/// A pull of which the engine tells nothing for so long is given up.
pub const PULL_SILENCE: Duration = Duration::from_secs(300);

/// How far a pull is.
#[derive(Clone, Debug, Default)]
struct State {
    /// What the engine told last.
    news: Option<String>,
    /// The image is there, or why it is not; `None`: the pull is under way.
    ended: Option<Result<(), String>>,
}

/// The pulls under way, by image.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulls(Arc<Mutex<HashMap<String, watch::Receiver<State>>>>);

impl Pulls {
    /// The pull of an image, which begins if there is none. Goes on by itself.
    fn of(&self, client: &Client, image: &str) -> watch::Receiver<State> {
        let mut all = self.all();
        if let Some(pull) = all.get(image) {
            return pull.clone();
        }
        let (news, told) = watch::channel(State::default());
        all.insert(image.to_owned(), told.clone());
        let (pulls, client, image) = (self.clone(), client.clone(), image.to_owned());
        tokio::spawn(async move {
            let ended = pull(&client, &image, &news).await;
            if let Err(message) = &ended {
                tracing::info!("the image {image} could not be pulled: {message}");
            }
            pulls.all().remove(&image);
            news.send_modify(|state| state.ended = Some(ended));
        });
        told
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<State>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Docker {
    /// Has the image there within so long, by pulling it if need be.
    ///
    /// # Errors
    /// When it can't be had, or not in time.
    pub async fn image(
        &self,
        image: &str,
        limit: Duration,
        progress: Progress<'_>,
    ) -> Result<(), DockerError> {
        self.have(image, Deadline::within(limit), progress).await
    }

    /// The same until a deadline.
    pub(super) async fn have(
        &self,
        image: &str,
        deadline: Deadline,
        progress: Progress<'_>,
    ) -> Result<(), DockerError> {
        let client = self.client_by(deadline).await?;
        match deadline.step(Step::Image, client.inspect_image(image)).await? {
            Ok(_) => return Ok(()),
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(deadline.not_run(Step::Image, &error)),
        }
        progress(&format!("pulling the image {image}"));
        let mut pull = self.pulls.of(client, image);
        let watched = deadline.until(watch_it(image, &mut pull, progress)).await;
        let failed = |message: String| DockerError::Image { image: image.to_owned(), message };
        match watched {
            Some(ended) => ended.map_err(failed),
            None => {
                let state = pull.borrow().news.clone().unwrap_or_else(|| "no news of it yet".into());
                Err(DockerError::Pulling { image: image.to_owned(), waited: deadline.limit(), state })
            }
        }
    }
}

/// Tells how a pull goes, until it has ended.
async fn watch_it(
    image: &str,
    pull: &mut watch::Receiver<State>,
    progress: Progress<'_>,
) -> Result<(), String> {
    let began = Instant::now();
    let mut told = began;
    let mut last = None;
    loop {
        let State { news, ended } = pull.borrow_and_update().clone();
        let fresh = news.filter(|news| last.as_ref() != Some(news));
        if let Some(news) = fresh.filter(|_| ended.is_some() || told.elapsed() >= EVERY) {
            progress(&format!("pulling the image {image}: {news}"));
            (told, last) = (Instant::now(), Some(news));
        } else if told.elapsed() >= NO_NEWS {
            let waited = began.elapsed().as_secs();
            progress(&format!("pulling the image {image}: no news of it, for {waited} s so far"));
            told = Instant::now();
        }
        if let Some(ended) = ended {
            return ended;
        }
        let change = timeout(EVERY, pull.changed()).await;
        if let Ok(Err(_)) = change {
            return Err("the pull was given up: the program ends".into());
        }
    }
}

/// Pulls an image, and tells the news.
async fn pull(client: &Client, image: &str, news: &watch::Sender<State>) -> Result<(), String> {
    // Without a tag the engine would pull all of them.
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') && !image.contains('@') => (name, tag),
        _ if image.contains('@') => (image, ""),
        _ => (image, "latest"),
    };
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let mut steps = std::pin::pin!(client.create_image(Some(options), None, None));
    loop {
        let step = match timeout(PULL_SILENCE, steps.next()).await {
            Ok(Some(step)) => step.map_err(|error| words(&error))?,
            Ok(None) => return Ok(()),
            Err(_) => return Err(format!("the engine told nothing for {} s", PULL_SILENCE.as_secs())),
        };
        if let Some(error) = step.error_detail.and_then(|detail| detail.message) {
            return Err(error);
        }
        if let Some(status) = step.status {
            let layer = step.id.map_or_else(String::new, |id| format!(" {id}"));
            news.send_modify(|state| state.news = Some(format!("{status}{layer}")));
        }
    }
}

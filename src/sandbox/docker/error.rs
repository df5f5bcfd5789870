//! Why a container did not run, or what became of it is not known.

use crate::sandbox::Output;
use bollard::errors::Error;
use std::{fmt, io, time::Duration};

/// Why a container did not run, or what became of it is not known.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// No engine answers.
    #[error("no Docker engine answers at {place}: {message}. Start it, or set DOCKER_HOST")]
    Unreachable {
        /// Where it was looked for.
        place: String,
        /// What went wrong.
        message: String,
    },
    /// The image is not there, and can't be had.
    #[error("the image {image:?} is not there and can't be pulled: {message}")]
    Image {
        /// The image.
        image: String,
        /// The engine's own words.
        message: String,
    },
    /// The image is not there yet.
    #[error(
        "the image {image:?} was not there after {} s, nothing was run. The pull goes on while openpista runs ({state}); \
         try again later, give more time, or pull it beforehand: docker pull {image}", .waited.as_secs_f64()
    )]
    Pulling {
        /// The image.
        image: String,
        /// How long it was waited for.
        waited: Duration,
        /// How far the pull is.
        state: String,
    },
    /// The program in it could not be started.
    #[error("the container could not be started: {0}")]
    Start(String),
    /// The engine said no.
    #[error("Docker: {0}")]
    Engine(String),
    /// The engine did not answer, or broke off, before anything ran.
    #[error("the Docker engine {message} when {step}. Nothing was run")]
    NotRun {
        /// What it was asked for.
        step: Step,
        /// What went wrong.
        message: String,
    },
    /// The engine was lost when something may have been run.
    #[error(transparent)]
    Lost(Box<Lost>),
}

/// What is known of a container whose engine was lost.
#[derive(Debug)]
pub struct Lost {
    /// The container's name.
    pub container: String,
    /// What the engine was asked for last.
    pub step: Step,
    /// What went wrong.
    pub message: String,
    /// From the container's start until then, if it is known to have started.
    pub ran: Option<Duration>,
    /// Its standard output until then.
    pub stdout: Output,
    /// Its standard error until then.
    pub stderr: Output,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Docker engine {} when {}. ", self.message, self.step)?;
        match self.ran {
            Some(ran) => write!(
                f,
                "Known: the container {} started, and had run for {:.1} s; what it printed until then is kept. Not known: \
                 whether it went on, and how it ended",
                self.container,
                ran.as_secs_f64()
            ),
            None => write!(f, "Not known: whether the container {} started, and what it did", self.container),
        }
    }
}

impl std::error::Error for Lost {}

/// What the engine was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Whether it has an image.
    Image,
    /// How its users relate to those of the machine.
    Users,
    /// To make the container.
    Create,
    /// To give its output.
    Attach,
    /// To start it.
    Start,
    /// To tell when it ends.
    Wait,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "it was asked for the image",
            Self::Users => "it was asked for its settings",
            Self::Create => "it was to make the container",
            Self::Attach => "it was to give the container's output",
            Self::Start => "it was to start the container",
            Self::Wait => "the container ran",
        })
    }
}

impl From<Error> for DockerError {
    fn from(error: Error) -> Self {
        Self::Engine(words(&error))
    }
}

/// Whether the engine itself said no: it is there, and knows what it says.
pub(super) fn answered(error: &Error) -> bool {
    matches!(
        error,
        Error::DockerResponseServerError { .. }
            | Error::DockerStreamError { .. }
            | Error::DockerContainerWaitError { .. }
    )
}

/// What went wrong, for a person to read: the engine's own words, or what became of the connection.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } | Error::DockerContainerWaitError { error, .. } => {
            error.trim().to_owned()
        }
        Error::RequestTimeoutError => "did not answer in time".into(),
        Error::SocketNotFoundError(_) => NO_SOCKET.into(),
        Error::JsonDataError { message, .. } => format!("gave an answer that makes no sense: {message}"),
        Error::IOError { err } => io_words(err),
        other => cause(other),
    }
}

/// The same behind "the Docker engine".
pub(super) fn phrase(error: &Error) -> String {
    match answered(error) {
        true => format!("says: {}", words(error)),
        false => match words(error) {
            gone if gone == NO_SOCKET || gone == NOBODY => format!("is gone ({gone})"),
            words => words,
        },
    }
}

const NO_SOCKET: &str = "there is no such socket";
const NOBODY: &str = "nobody listens there";

/// The innermost cause: what is around it tells of libraries.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    match inner.downcast_ref::<io::Error>() {
        Some(error) => io_words(error),
        None => format!("broke the connection off ({inner})"),
    }
}

pub(super) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => NO_SOCKET.into(),
        io::ErrorKind::ConnectionRefused => NOBODY.into(),
        io::ErrorKind::PermissionDenied => {
            "does not let this user in (is it in the group of the socket?)".into()
        }
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => {
            "broke the connection off".into()
        }
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            format!("broke the connection off ({text})")
        }
    }
}

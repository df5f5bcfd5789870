//! Why a container did not run.

use bollard::errors::Error;

/// Why a container did not run.
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
    /// The program in it could not be started.
    #[error("the container could not be started: {0}")]
    Start(String),
    /// The engine said no.
    #[error("Docker: {0}")]
    Engine(String),
}

impl From<Error> for DockerError {
    fn from(error: Error) -> Self {
        Self::Engine(words(&error))
    }
}

/// The engine's own words, without the wrapping.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => other.to_string(),
    }
}

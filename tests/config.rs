//! Settings, their layers, the places of files, and secrets.

#![allow(clippy::unwrap_used)]

#[path = "config/example.rs"]
mod example;
#[path = "config/layers.rs"]
mod layers;
#[path = "config/places.rs"]
mod places;
#[path = "config/redaction.rs"]
mod redaction;
#[path = "config/secrets.rs"]
mod secrets;

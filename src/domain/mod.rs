//! The words the whole engine speaks: plain data and ports.
//!
//! Nothing here does input or output, waits, or knows a library that does.
//! Every other module depends on this one; this one depends on none.

pub mod approval;
pub mod arguments;
pub mod call;
pub mod call_text;
pub mod causes;
pub mod chat;
pub mod command;
pub mod cron;
pub mod cut;
pub mod device;
pub mod diff;
pub mod envelope;
pub mod event;
pub mod hook;
pub mod id;
pub mod message;
pub mod nearest;
pub mod network;
pub mod outcome;
pub mod plan;
pub mod points;
pub mod post;
pub mod primitives;
pub mod question;
pub mod queued;
pub mod rates;
pub mod rules;
pub mod sandbox;
pub mod schema;
pub mod secret;
pub mod steering;
pub mod store;
pub mod text;
pub mod tool;
pub mod trust;
pub mod usage;

use std::{future::Future, pin::Pin};

/// A boxed future, the form in which ports hand out asynchronous work.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A JSON object, in key order, so that what is built from it is byte-stable.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

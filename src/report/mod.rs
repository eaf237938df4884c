//! How a run looks. A reporter takes the engine's events and shows them; it must not change a run, and the
//! only thing it knows of one is its events.
//!
//! [`Console`] is for people, [`Json`] for programs.

mod batch;
mod block;
mod console;
mod detail;
mod diff;
mod fold;
mod json;
mod page;
mod past;
mod profile;
mod progress;
mod recap;
mod redact;
mod text;
mod timeline;
#[cfg(test)]
mod transcript;

use std::io;

pub use self::console::{Console, ConsoleOptions};
pub use self::json::Json;
pub use self::past::PastRun;
pub use self::redact::{Redacted, redact};
pub use self::text::sanitize;
use crate::event::Events;

/// Shows a run, event by event.
pub trait Reporter: Events {
    /// What kept the reporter from showing everything: a full disk, a reader that went away. The run goes on
    /// without it.
    fn take_error(&mut self) -> Option<io::Error>;
}

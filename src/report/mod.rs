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
mod progress;
mod recap;
mod text;

use std::io;

pub use self::console::{Console, ConsoleOptions};
pub use self::json::Json;
pub use self::text::sanitize;
use crate::event::Event;

/// Shows a run.
pub trait Reporter: Send {
    /// Something has happened.
    fn event(&mut self, event: &Event);

    /// Time has passed. Called several times a second while nothing happens.
    fn tick(&mut self) {}

    /// What kept the reporter from showing everything: a full disk, a reader that went away. The run goes on
    /// without it.
    fn take_error(&mut self) -> Option<io::Error> {
        None
    }
}

/// Several reporters of the same run.
#[derive(Default)]
pub struct Reporters(pub Vec<Box<dyn Reporter>>);

impl Reporter for Reporters {
    fn event(&mut self, event: &Event) {
        self.0.iter_mut().for_each(|reporter| reporter.event(event));
    }

    fn tick(&mut self) {
        self.0.iter_mut().for_each(|reporter| reporter.tick());
    }

    fn take_error(&mut self) -> Option<io::Error> {
        self.0.iter_mut().find_map(|reporter| reporter.take_error())
    }
}

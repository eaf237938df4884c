//! What is kept of each run on the controller: its events, one a line, in a file that only the user can read.
//!
//! `--resume`, `--limit @failed` and `provision report` read it. It holds what reporters are told, so no secrets and nothing that
//! `no_log` hides.

mod past;
mod replay;
mod store;
mod writer;

pub use past::{Past, PastError};
pub use replay::{Replayed, replay};
pub use store::Store;
pub use writer::{Header, Recorded};

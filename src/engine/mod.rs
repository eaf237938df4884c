//! How a run proceeds: plays onto hosts, tasks onto workers, results into events.
//!
//! One task of the runtime owns the state of all hosts, so nothing here is locked; each host has one more
//! task that does nothing but input and output ([`link`]). The engine never prints: whatever it has to say is
//! an [`Event`](crate::event::Event).
//!
//! Tasks are sent ahead. A host that finds itself in the desired state goes on at once; one that must change
//! something waits until every host has finished the tasks before ([`frontier`]), which keeps the promise of
//! linear order wherever it can be observed.

mod advance;
mod answer;
mod calls;
mod connect;
mod content;
mod frontier;
mod host;
mod link;
mod options;
mod play;
mod result;
mod run;
mod shared;
mod steps;
mod tell;

pub use host::magic_names;
pub use options::RunOptions;
pub use run::{Outcome, Run, run};
pub use steps::{Step, StepKind, TagFilter, steps};

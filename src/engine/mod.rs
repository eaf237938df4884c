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
mod arguments;
mod batches;
mod calls;
mod connect;
mod content;
mod control;
mod delegate;
mod fail;
mod frontier;
mod gate;
mod host;
mod later;
mod link;
mod listing;
mod needs;
mod options;
mod play;
mod program;
mod result;
mod resume;
mod roster;
mod route;
mod run;
mod settings;
mod shared;
mod tags;
mod tell;
#[cfg(test)]
mod tests;
mod timing;
mod turns;
mod untold;
mod view;

pub use host::{magic_names, magic_of};
pub use listing::listed;
pub use options::RunOptions;
pub use resume::Beginning;
pub use run::{Ask, Choice, Hosts, Outcome, Refusal, Reload, Run, run};
pub use tags::TagFilter;

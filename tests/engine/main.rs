//! What a run does, through the real program, on hosts that are worker processes of this machine: no network, and
//! nothing is written outside of a temporary directory. What only real hosts can show is in `tests/hosts`.

mod check;
mod handlers;
mod order;
mod results;
mod resume;
mod secrets;
mod site;
mod variables;

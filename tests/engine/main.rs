//! What a run does, through the real program, on hosts that are worker processes of this machine: no network, and
//! nothing is written outside of a temporary directory. What only real hosts can show is in `tests/hosts`.

mod batches;
mod blocks;
mod check;
mod delegation;
mod fatal;
mod handlers;
mod handlers_order;
mod hosts_lost;
mod includes;
mod keywords;
mod loops;
mod marks;
mod meta;
mod names;
mod once;
mod order;
mod precedence;
mod report;
mod results;
mod resume;
mod roles;
mod secrets;
mod site;
mod variables;

//! Every module keeps the promises of [`support`]; what is particular to one is in the file of its name.

#[path = "../support/mod.rs"]
mod support;

mod harness;
mod stat;

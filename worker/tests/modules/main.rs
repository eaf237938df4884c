//! Every module keeps the promises of [`support`]; what is particular to one is in the file of its name.

#[path = "../support/mod.rs"]
mod support;

mod copy;
mod file;
mod get_url;
mod harness;
mod lines;
mod stat;
mod unarchive;

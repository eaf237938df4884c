//! Every module keeps the promises of [`support`]; what is particular to one is in the file of its name.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod apt;
mod async_status;
mod authorized_key;
mod command;
mod copy;
mod deb822_repository;
mod file;
mod get_url;
mod harness;
mod kernel;
mod lines;
mod package;
mod replace;
mod stat;
mod systemd_service;
mod timezone;
mod unarchive;
mod wait_for;

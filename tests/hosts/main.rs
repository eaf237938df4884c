//! What `provision` does to real hosts: the lab's (`tests/lab`), with the roles that it ships. What can be tested
//! without hosts is tested elsewhere.
//!
//! The tests bring up the hosts that they use, h1 to h5, or with `LAB_FIRST=11` h11 to h15. `make test` takes them down;
//! after `cargo test --test hosts` the first three stay, for the next time.

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "tests of clusters ask it for more")]
mod common;
mod containers;
mod converge;
mod docker;
mod failures;
mod jumps;
mod lab;
mod options;
mod orchestration;
mod passwords;
mod privileges;
mod refusals;
mod stand_in;
mod worker;

//! What `provision` does to real hosts: the lab's (`tests/lab`), with the roles that it ships. What can be tested
//! without hosts is tested elsewhere.
//!
//! The lab must be up, and a test fails when it is not: `tests/lab/lab up 3`, then `cargo test --test hosts`. With
//! `LAB_FIRST=11` the tests use h11 to h15 instead of h1 to h5; the last two are made and removed by their tests.

mod command;
mod containers;
mod converge;
mod docker;
mod failures;
mod lab;
mod options;
mod orchestration;
mod privileges;
mod refusals;
mod run;
mod stand_in;
mod worker;

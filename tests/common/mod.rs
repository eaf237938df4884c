//! What the tests on the lab's hosts share, those of `tests/hosts` and those of `tests/cluster`. Must not know either.

pub(crate) mod command;
pub(crate) mod lab;
pub(crate) mod run;

//! The half of `provision` that runs on a host.
//!
//! The controller sends requests over stdin/stdout ([`protocol`]); [`serve`] carries them out strictly in
//! order. A request names one of the [`modules`], which reads the [`host`] and returns a [`plan`]: the list of
//! changes that lead to the desired state. Applying carries out that list and nothing else, so what was
//! changed, the diff and check mode all follow from it and cannot disagree.
//!
//! With the feature `full` it has all modules; without it, it is lean: it lacks those that need TLS or
//! archives, which are most of a worker's size.
//!
//! This crate knows neither variables nor templates nor playbooks, and nothing asynchronous: it must stay
//! small, because it is sent to every host.

#[cfg(feature = "full")]
mod archive;
pub mod arg;
mod checksum;
#[cfg(feature = "full")]
mod download;
pub mod dpkg;
pub mod facts;
mod file_install;
pub mod host;
pub mod job;
pub mod module;
pub mod modules;
mod outcome;
mod permissions;
pub mod plan;
pub mod protocol;
pub mod serve;
mod text_edit;
#[cfg(feature = "full")]
mod unpacking;

//! The half of `provision` that runs on a host.
//!
//! The controller sends requests over stdin/stdout ([`protocol`]); [`serve`] carries them out strictly in
//! order. A request names one of the [`modules`], which reads the [`host`] and returns a [`plan`]: the list of
//! changes that lead to the desired state. Applying carries out that list and nothing else, so what was
//! changed, the diff and check mode all follow from it and cannot disagree.
//!
//! This crate knows neither variables nor templates nor playbooks, and nothing asynchronous: it must stay
//! small, because it is sent to every host.

mod archive;
pub mod arg;
mod checksum;
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
mod unpacking;

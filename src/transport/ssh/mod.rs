//! SSH, the usual way to a host: one connection for each host and run, any number of channels on it.
//!
//! This is the only folder that names the SSH library.

mod attempt;
mod auth;
mod channel;
mod client;
mod host_key;
mod jumps;
mod keys;
mod known_hosts;
mod pacing;
mod password;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub(crate) use channel::{ChannelInput, ChannelOutput};
pub(crate) use client::{Client, Connection};

/// `~` is the home of the user who runs the controller, as in OpenSSH's configuration.
fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

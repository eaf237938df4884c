//! What the user asked of a run beside the playbooks.

use super::{Beginning, TagFilter};
use crate::inventory::jump::Jump;
use crate::inventory::password::Password;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Change nothing; say what would be changed.
    pub check: bool,
    /// Have the texts before and after each change sent along.
    pub diff: bool,
    /// How many hosts are connected to at the same time at most.
    pub forks: usize,
    /// Which tasks to run.
    pub tags: TagFilter,
    /// The login user, where the inventory does not name one.
    pub user: Option<String>,
    /// The key file, where the inventory does not name one.
    pub private_key: Option<std::path::PathBuf>,
    /// The jump hosts, where the inventory does not name any.
    pub jump: Option<Vec<Jump>>,
    /// Whether tasks become another user, where nothing else says so.
    pub escalate: bool,
    /// The user they become then.
    pub become_user: Option<String>,
    /// What is tried after the keys, where the inventory says nothing.
    pub password: Option<Password>,
    /// What `sudo` is told if it asks, where the inventory says nothing.
    pub become_password: Option<Password>,
    /// Where to begin.
    pub beginning: Beginning,
}

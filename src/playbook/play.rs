//! Playbooks and plays.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Handler, Role, Task};
use crate::inventory::HostPattern;
use crate::source::Span;
use crate::vars::{Definition, Definitions};

/// A file with plays.
#[derive(Debug)]
pub struct Playbook {
    /// The file.
    pub path: PathBuf,
    /// Its plays, in order.
    pub plays: Vec<Play>,
}

impl Playbook {
    /// The directory that its files are relative to; empty, and not `.`, if it is the current one.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Hosts, and what is to be done on them.
#[derive(Debug)]
pub struct Play {
    /// Its name, or its pattern.
    pub name: Arc<str>,
    /// Where it was written.
    pub span: Span,
    /// The hosts.
    pub hosts: HostPattern,
    /// Whether its tasks become another user, unless they say otherwise.
    pub escalate: Option<bool>,
    /// The user they become.
    pub become_user: Option<Arc<Definition>>,
    /// `vars`.
    pub vars: Definitions,
    /// `vars_files`, in order.
    pub vars_files: Vec<Definitions>,
    /// `pre_tasks`, then roles and `tasks`, then `post_tasks`. Handlers run at the end of each.
    pub sections: [Section; 3],
    /// The handlers of the play and its roles, in the order in which they run.
    pub handlers: Vec<Handler>,
    /// The roles of the play, for their defaults.
    pub roles: Vec<Arc<Role>>,
    /// A failure on one host ends the play on all.
    pub any_errors_fatal: bool,
}

/// The tasks of a section, roles included.
#[derive(Debug, Default)]
pub struct Section {
    /// In order.
    pub tasks: Vec<Arc<Task>>,
}

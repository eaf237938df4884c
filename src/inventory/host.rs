//! One host of the inventory.

use super::{HostName, Vars};
use crate::source::Span;

/// A host: a name, and the variables that the inventory gives to it alone.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name.
    pub name: HostName,
    /// Where it is first named; for hosts of a range, the range. One that was found in a run has no place.
    pub span: Option<Span>,
    /// The variables beside its name in the inventory.
    pub vars: Vars,
    /// The variables of each of its files below `host_vars`; a later file overrides an earlier one.
    pub files: Vec<Vars>,
    /// The same of the directories beside the playbooks, which override those of the inventory.
    pub playbook_files: Vec<Vars>,
}

impl Host {
    pub(super) fn new(name: HostName, span: Option<Span>) -> Self {
        Self {
            name,
            span,
            vars: Vars::new(),
            files: Vec::new(),
            playbook_files: Vec::new(),
        }
    }
}

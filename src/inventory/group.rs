//! One group of hosts.

use indexmap::IndexSet;

use super::{GroupName, HostName, Vars};
use crate::source::Span;

/// A group: hosts and other groups under one name, and the variables that they share.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// Where it is first named. `all` and `ungrouped` exist without being named.
    pub span: Option<Span>,
    /// The groups that belong to it. `all` has every group that belongs to no other.
    pub children: IndexSet<GroupName>,
    /// The groups that it belongs to.
    pub parents: IndexSet<GroupName>,
    /// The hosts that are listed in it, without those of its children.
    pub hosts: IndexSet<HostName>,
    /// The variables beside it in the inventory.
    pub vars: Vars,
    /// The variables of each of its files below `group_vars`; a later file overrides an earlier one.
    pub files: Vec<Vars>,
    /// The same of the directories beside the playbooks, which override those of the inventory.
    pub playbook_files: Vec<Vars>,
    /// The longest way up to `all`, which has depth 0. A deeper group overrides a shallower one.
    pub depth: usize,
    /// `ansible_group_priority`: among groups of equal depth a higher one overrides a lower one.
    pub priority: i64,
}

impl Group {
    pub(super) fn new(name: GroupName, span: Option<Span>) -> Self {
        Self {
            name,
            span,
            children: IndexSet::new(),
            parents: IndexSet::new(),
            hosts: IndexSet::new(),
            vars: Vars::new(),
            files: Vec::new(),
            playbook_files: Vec::new(),
            depth: 0,
            priority: 1,
        }
    }
}

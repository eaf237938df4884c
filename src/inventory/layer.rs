//! The order in which variables of the inventory override each other. [`LayerKind`] is the documentation
//! of it.

use super::{GroupName, Vars};

/// Where variables of a host come from, in ascending precedence as Ansible has it. Groups are in the order
/// of their depth, so that a child overrides its parents, then of their priority, then of their names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// `vars` of `all` in the inventory.
    GroupAllInline,
    /// `vars` of a group in the inventory.
    GroupInline {
        /// How deep the group is below `all`.
        depth: usize,
        /// Its priority among groups of the same depth.
        priority: i64,
        /// The group.
        group: GroupName,
    },
    /// A file of `group_vars/all`.
    GroupVarsAll,
    /// A file of `group_vars` for a group.
    GroupVars {
        /// How deep the group is below `all`.
        depth: usize,
        /// Its priority among groups of the same depth.
        priority: i64,
        /// The group.
        group: GroupName,
    },
    /// Variables beside the host in the inventory.
    HostInline,
    /// A file of `host_vars` for the host.
    HostVars,
}

/// Variables from one source. Every key and value knows its place.
#[derive(Clone, Debug)]
pub struct VarLayer<'a> {
    /// What the source is.
    pub kind: LayerKind,
    /// What it says.
    pub entries: &'a Vars,
}

//! The order in which variables of the inventory override each other. [`LayerKind`] is the documentation
//! of it.

use std::fmt;

use super::{GroupName, Vars};

/// Where a group stands among the groups of a host: first by its depth, so that a child overrides its parents,
/// then by its priority, then by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupRank {
    /// How deep the group is below `all`.
    pub depth: usize,
    /// `ansible_group_priority`, which counts among groups of the same depth.
    pub priority: i64,
    /// The group.
    pub group: GroupName,
}

/// Declares the kinds in ascending precedence, so that what each is is written once.
macro_rules! kinds {
    ($($name:ident $(($rank:ident))?: $doc:literal,)*) => {
        /// Where variables of a host come from, in ascending precedence as Ansible has it.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum LayerKind {
            $(#[doc = $doc] $name $(($rank))?,)*
        }

        impl LayerKind {
            /// What each kind is, in ascending precedence.
            pub const DESCRIPTIONS: &[&str] = &[$($doc),*];
        }
    };
}

kinds! {
    GroupAllInline: "`vars` of the group `all` in the inventory",
    GroupInline(GroupRank): "`vars` of a group in the inventory: parents before children, then by `ansible_group_priority`, then by name",
    GroupVarsAll: "`group_vars/all` beside the inventory",
    PlaybookGroupVarsAll: "`group_vars/all` beside the playbook",
    GroupVars(GroupRank): "`group_vars/GROUP` beside the inventory, groups in the same order",
    PlaybookGroupVars(GroupRank): "`group_vars/GROUP` beside the playbook, groups in the same order",
    HostInline: "variables of the host in the inventory",
    HostVars: "`host_vars/HOST` beside the inventory",
    PlaybookHostVars: "`host_vars/HOST` beside the playbook",
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GroupAllInline => f.write_str("group all"),
            Self::GroupInline(rank) => write!(f, "group {}", rank.group),
            Self::GroupVarsAll => f.write_str("group_vars/all"),
            Self::PlaybookGroupVarsAll => f.write_str("group_vars/all of the playbook"),
            Self::GroupVars(rank) => write!(f, "group_vars/{}", rank.group),
            Self::PlaybookGroupVars(rank) => {
                write!(f, "group_vars/{} of the playbook", rank.group)
            }
            Self::HostInline => f.write_str("host"),
            Self::HostVars => f.write_str("host_vars"),
            Self::PlaybookHostVars => f.write_str("host_vars of the playbook"),
        }
    }
}

/// Variables from one source. Every key and value knows its place.
#[derive(Clone, Debug)]
pub struct VarLayer<'a> {
    /// What the source is.
    pub kind: LayerKind,
    /// What it says.
    pub entries: &'a Vars,
}

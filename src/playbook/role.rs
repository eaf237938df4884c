//! Roles.

use std::path::PathBuf;
use std::sync::Arc;

use crate::source::Span;
use crate::vars::Definitions;

/// A role, as far as its tasks share it.
#[derive(Debug)]
pub struct Role {
    /// Its name, as the playbook calls it: `container_engine/containerd`.
    pub name: Arc<str>,
    /// Its directory.
    pub path: PathBuf,
    /// `defaults/main.yaml`.
    pub defaults: Definitions,
    /// `vars/main.yaml`.
    pub vars: Definitions,
}

/// A role where a play uses it.
#[derive(Clone, Debug)]
pub struct RoleUse {
    /// The role.
    pub role: Arc<Role>,
    /// Where the play says so.
    pub span: Span,
    /// The variables given with it.
    pub parameters: Arc<Definitions>,
}

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
    /// The roles that need or include it, the outermost first: it sees their variables, and its own before them.
    pub parents: Arc<[Arc<Role>]>,
    /// The variables given with it.
    pub parameters: Arc<Definitions>,
}

impl RoleUse {
    /// The role and those around it, the role itself last.
    pub fn chain(&self) -> impl Iterator<Item = &Arc<Role>> + Clone {
        self.parents.iter().chain(std::iter::once(&self.role))
    }
}

/// The variables of a play's roles as one layer each: a name is looked up once and not in role after role. Of two roles
/// with the same name, the later one wins.
#[derive(Debug, Default)]
pub struct RoleLayers {
    /// Their defaults.
    pub defaults: Definitions,
    /// Their variables.
    pub vars: Definitions,
}

impl RoleLayers {
    pub(super) fn new(roles: &[Arc<Role>]) -> Self {
        let mut layers = Self::default();
        for role in roles {
            let own = |part: &Definitions| part.clone().into_iter();
            layers.defaults.extend(own(&role.defaults));
            layers.vars.extend(own(&role.vars));
        }
        layers
    }
}

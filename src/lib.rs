//! The controller: from an inventory and a playbook to hosts in their desired state.

pub mod source;
pub mod value;

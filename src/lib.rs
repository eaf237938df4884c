//! The controller: from an inventory and a playbook to hosts in their desired state.

pub mod inventory;
pub mod source;
pub mod template;
pub mod transport;
pub mod value;

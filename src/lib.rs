//! The controller: from an inventory and a playbook to hosts in their desired state.
//!
//! `inventory + playbook -> source -> playbook (load, validate) -> engine -> transport -> worker -> event ->
//! report`; docs/architecture.md says what each folder is for and what it may use.

pub mod cli;
pub mod engine;
pub mod event;
pub mod inventory;
pub mod playbook;
pub mod record;
pub mod report;
pub mod schema;
pub mod secret;
pub mod source;
pub mod template;
pub mod transport;
pub mod value;
pub mod vars;
pub mod vault;

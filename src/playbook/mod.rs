//! What was written: playbooks, plays, roles and tasks as typed data with positions, and how they are
//! loaded and checked. Nothing here reaches a host; every mistake found here costs no connection.

pub mod control;
mod files;
mod keys;
mod load;
mod play;
mod role;
mod task;
mod task_args;
mod task_load;
mod template_files;
mod uses;
mod validate;

pub use files::Finder;
pub use load::{LoadOptions, Loaded, load};
pub use play::{Play, Playbook, Section};
pub use role::{Role, RoleUse};
pub use task::{Action, Argument, Control, Handler, Loop, ModuleCall, Retry, Task, When};
pub use template_files::{TemplateFile, TemplateFiles, in_file};
pub use uses::{each_name, template_paths};
pub use validate::{Known, validate};

//! What was written: playbooks, plays, roles and tasks as typed data with positions, and how they are
//! loaded and checked. Nothing here reaches a host; every mistake found here costs no connection.

mod action;
mod args;
mod args_load;
mod common;
pub mod control;
mod entry;
mod files;
mod include;
mod include_load;
mod keys;
pub mod keywords;
mod load;
mod play;
mod play_load;
mod role;
mod role_load;
mod setting;
mod task;
mod task_args;
mod task_load;
mod template_files;
mod uses;
mod validate;
mod wildcard;

pub use args::{ArgumentKind, ArgumentSpec, RoleArguments};
pub use common::{Common, Escalation};
pub use entry::{Block, Entry, each_task};
pub use files::Finder;
pub use include::{Body, BodyId, Candidate, Include, IncludeVars};
pub use load::{LoadOptions, Loaded, load};
pub use play::{BatchSize, Connection, Course, Order, Play, Playbook, Prompt};
pub use role::{Role, RoleLayers, RoleUse};
pub use setting::{Notify, Setting, milliseconds};
pub use task::{Action, Argument, Control, Handler, Loop, Meta, ModuleCall, Retry, Task, When};
pub use template_files::{TemplateFile, TemplateFiles, in_file};
pub use uses::{each_name, looks_up, template_paths};
pub use validate::{Known, validate};

//! Actions that never leave the controller, declared like modules so that they are documented and checked
//! like modules. What they do is in the engine.

pub mod add_host;
pub mod assert;
pub mod debug;
pub mod fail;
pub mod group_by;
pub mod imports;
pub mod includes;
pub mod meta;
pub mod set_fact;

use provision_worker::module::Module;
use provision_worker::plan::{Failure, Plan};

/// Every control action.
pub static CONTROLS: &[&Module] = &[
    &add_host::MODULE,
    &assert::MODULE,
    &debug::MODULE,
    &fail::MODULE,
    &group_by::MODULE,
    &imports::ROLE,
    &imports::TASKS,
    &includes::ROLE,
    &includes::TASKS,
    &includes::VARS,
    &meta::MODULE,
    &set_fact::MODULE,
];

/// The control action called `name`.
pub fn find(name: &str) -> Option<&'static Module> {
    CONTROLS.iter().copied().find(|module| module.name == name)
}

/// A control action whose arguments are read by hand, because their names are the user's own or because they are known
/// before anything runs.
const fn by_hand(name: &'static str, manual: &'static str) -> Module {
    Module {
        name,
        manual,
        fields: &[],
        free_form: None,
        validate: |_| Ok(()),
        plan: |_, _| on_controller(),
    }
}

/// What a worker would answer if it were asked for a control action; the engine never asks.
fn on_controller() -> Result<Plan, Failure> {
    Err(Failure::new("this is carried out by the controller"))
}

//! Actions that never leave the controller, declared like modules so that they are documented and checked
//! like modules. What they do is in the engine.

pub mod assert;
pub mod debug;
pub mod fail;
pub mod meta;
pub mod set_fact;

use provision_worker::module::Module;
use provision_worker::plan::{Failure, Plan};

/// Every control action.
pub static CONTROLS: &[&Module] = &[
    &assert::MODULE,
    &debug::MODULE,
    &fail::MODULE,
    &meta::MODULE,
    &set_fact::MODULE,
];

/// The control action called `name`.
pub fn find(name: &str) -> Option<&'static Module> {
    CONTROLS.iter().copied().find(|module| module.name == name)
}

/// What a worker would answer if it were asked for a control action; the engine never asks.
fn on_controller(name: &str) -> Result<Plan, Failure> {
    Err(Failure::new(format!(
        "`{name}` is carried out by the controller"
    )))
}

//! `meta`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::plan::{Failure, Plan};

provision_worker::choices! {
    /// What is asked of the engine.
    pub enum Request { FlushHandlers = "flush_handlers", Noop = "noop" }
}

module! {
    /// Asks something of the run itself.
    ///
    /// `flush_handlers` runs the handlers that have been notified until here, instead of at the end of the
    /// section; `noop` does nothing.
    ///
    /// # Check mode
    /// Handlers are planned in check mode like any task.
    ///
    /// # Examples
    /// ```yaml
    /// - name: restart what has changed before going on
    ///   meta: flush_handlers
    /// ```
    meta [free_form = request] {
        /// What is asked.
        request: Request,
    }
}

fn plan(_args: &Args, _host: &Host) -> Result<Plan, Failure> {
    super::on_controller(MODULE.name)
}

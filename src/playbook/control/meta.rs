//! `meta`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::plan::{Failure, Plan};

use crate::playbook::Meta;

provision_worker::choices! {
    /// What is asked of the engine.
    pub enum Request {
        FlushHandlers = "flush_handlers",
        EndHost = "end_host",
        EndBatch = "end_batch",
        EndPlay = "end_play",
        ClearFacts = "clear_facts",
        RefreshInventory = "refresh_inventory",
        ResetConnection = "reset_connection",
        Noop = "noop",
    }
}

impl From<Request> for Meta {
    fn from(request: Request) -> Self {
        match request {
            Request::FlushHandlers => Self::FlushHandlers,
            Request::EndHost => Self::EndHost,
            Request::EndBatch => Self::EndBatch,
            Request::EndPlay => Self::EndPlay,
            Request::ClearFacts => Self::ClearFacts,
            Request::RefreshInventory => Self::RefreshInventory,
            Request::ResetConnection => Self::ResetConnection,
            Request::Noop => Self::Noop,
        }
    }
}

module! {
    /// Asks something of the run itself.
    ///
    /// - `flush_handlers` runs the handlers that have been notified until here, instead of at the end of the
    ///   section. A `when` beside it is not looked at.
    /// - `end_host` ends the play for the host, `end_batch` for all hosts of the batch, `end_play` for all hosts.
    ///   None of it is a failure.
    /// - `clear_facts` forgets the facts and reads them again; `reset_connection` connects again, so that a user's
    ///   new groups count.
    /// - `refresh_inventory` reads the inventory again; what `add_host` and `group_by` have added is gone. Plays
    ///   that follow see it.
    /// - `noop` does nothing.
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
    super::on_controller()
}

//! `fail`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::plan::{Failure, Plan};

module! {
    /// Fails with a message. Usually with a `when`.
    ///
    /// # Check mode
    /// Fails in check mode as well, because the run would.
    ///
    /// # Examples
    /// ```yaml
    /// - name: refuse other init systems
    ///   fail: {msg: "systemd is needed, this host runs {{ facts.init }}"}
    ///   when: facts.init != 'systemd'
    /// ```
    fail [free_form = msg] {
        /// Why.
        msg: String = "failed as requested",
    }
}

fn plan(_args: &Args, _host: &Host) -> Result<Plan, Failure> {
    super::on_controller()
}

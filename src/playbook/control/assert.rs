//! `assert`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::plan::{Failure, Plan};
use serde_json::Value;

module! {
    /// Fails unless conditions hold. Conditions are written as in `when`: expressions without braces that
    /// yield a boolean.
    ///
    /// # Check mode
    /// Changes nothing, so check mode makes no difference.
    ///
    /// # Examples
    /// ```yaml
    /// - name: refuse hosts that are too small
    ///   assert:
    ///     that:
    ///       - facts.memory_mb >= 1024
    ///       - facts.init == 'systemd'
    ///     fail_msg: "{{ inventory_hostname }} cannot be a node"
    /// ```
    assert {
        /// One condition or a list of them; all must hold.
        that: Value,
        /// What to say if one does not hold.
        fail_msg | msg: Option<String>,
        /// What to say if all hold.
        success_msg: Option<String>,
        /// Taken for Ansible's sake: conditions that hold are never told one by one.
        quiet: bool = false,
    }
}

fn plan(_args: &Args, _host: &Host) -> Result<Plan, Failure> {
    super::on_controller()
}

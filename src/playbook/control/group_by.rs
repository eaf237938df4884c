//! `group_by`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::plan::{Failure, Plan};
use serde_json::Value;

module! {
    /// Puts the host into a group, which later plays can name in `hosts` and templates find in `groups`.
    ///
    /// # Check mode
    /// Groups hosts in check mode as well.
    ///
    /// # Examples
    /// ```yaml
    /// - name: group hosts by what they run
    ///   group_by:
    ///     key: os_{{ facts.os.id }}
    /// ```
    group_by {
        /// The group. Made if there is none of that name.
        key: String,
        /// The group or the list of groups that it belongs to.
        parents: Option<Value>,
    }
}

fn plan(_args: &Args, _host: &Host) -> Result<Plan, Failure> {
    super::on_controller()
}

//! `debug`.

use provision_worker::host::Host;
use provision_worker::module;
use provision_worker::module::ArgError;
use provision_worker::plan::{Failure, Plan};

module! {
    /// Shows a message, or the value of a variable.
    ///
    /// # Check mode
    /// Changes nothing, so check mode makes no difference.
    ///
    /// # Examples
    /// ```yaml
    /// - name: tell the kernel
    ///   debug: {msg: "{{ inventory_hostname }} runs {{ facts.kernel }}"}
    /// - name: show what was found
    ///   debug: {var: facts.cgroup}
    /// ```
    debug [check = one_of_two] {
        /// What to show.
        msg: Option<String>,
        /// An expression to show the value of, without braces.
        var: Option<String>,
    }
}

fn one_of_two(args: &Args) -> Result<(), ArgError> {
    if args.msg.is_some() == args.var.is_some() {
        return Err(ArgError::new("`debug` needs either `msg` or `var`"));
    }
    Ok(())
}

fn plan(_args: &Args, _host: &Host) -> Result<Plan, Failure> {
    super::on_controller()
}

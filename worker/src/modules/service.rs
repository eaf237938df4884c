//! `service`: a service, on whatever manages services on the host. Only systemd does so far; the work is done by
//! [`systemd_service`](super::systemd_service).

use super::systemd_service::{self, State};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::plan::{Failure, Plan};

module! {
    /// Starts, stops or enables a service.
    ///
    /// It is the short form of `systemd_service`, which says what each state means, and fails on a host that does
    /// not run systemd.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: time is kept
    ///   service: {name: chrony, state: started, enabled: true}
    /// ```
    service [check = check] {
        /// The service.
        name: String,
        /// Whether it runs.
        state: Option<State>,
        /// Whether it starts by itself.
        enabled: Option<bool>,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    systemd_service::check(&as_unit(args))
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    systemd_service::plan(&as_unit(args), host)
}

fn as_unit(args: &Args) -> systemd_service::Args {
    systemd_service::Args {
        name: Some(args.name.clone()),
        state: args.state,
        enabled: args.enabled,
        masked: None,
        daemon_reload: false,
        no_block: false,
    }
}

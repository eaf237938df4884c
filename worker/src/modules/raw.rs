//! `raw`: a script, under the name that playbooks from elsewhere have for it.

use super::command::{Conditions, Input, Invocation};
use super::shell::script;
use crate::arg::AbsPath;
use crate::host::Host;
use crate::module;
use crate::plan::{Failure, Plan};

module! {
    /// Runs a script in `/bin/sh`, or in another shell.
    ///
    /// Elsewhere it is for hosts on which nothing else works; here it is carried out by the worker like every
    /// module, so `command` and `shell` can always take its place. An exit status other than 0 is a failure,
    /// unless the task's `failed_when` says otherwise. What is registered is the same as for `command`.
    ///
    /// # Check mode
    /// What a script would change cannot be known, so check mode does not run it and reports the task as unknown.
    ///
    /// # Examples
    /// ```yaml
    /// - name: see what kind of machine it is
    ///   raw: uname -m
    ///   register: machine
    ///   changed_when: false
    /// ```
    raw [free_form = cmd] {
        /// The script.
        cmd: String,
        /// Another shell to run it, which must understand `-c`.
        executable: Option<AbsPath>,
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    Invocation {
        program: script(args.executable.as_ref(), &args.cmd),
        shown: args.cmd.clone(),
        conditions: Conditions {
            chdir: None,
            creates: None,
            removes: None,
        },
        input: Input {
            text: None,
            add_newline: false,
        },
        strip_empty_ends: true,
    }
    .plan(host)
}

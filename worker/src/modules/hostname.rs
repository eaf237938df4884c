//! `hostname`: the host's name, now and after the next start.

use std::path::Path;

use crate::host::{Attributes, Host, Program};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

const FILE: &str = "/etc/hostname";
const LIVE: &str = "/proc/sys/kernel/hostname";

module! {
    /// Sets the host's name: in `/etc/hostname` for the next start, and in the running kernel.
    ///
    /// `/etc/hosts` is left alone. Registered is `name`.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the name that the inventory gives it
    ///   hostname: {name: "{{ inventory_hostname }}"}
    /// ```
    hostname [check = check] {
        /// The name, with or without a domain.
        name: String,
    }
}

/// The kernel takes no longer one.
const LONGEST: usize = 64;

fn check(args: &Args) -> Result<(), ArgError> {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if args.name.len() > LONGEST || !args.name.split('.').all(is_label) {
        let message = format!(
            "expected at most {LONGEST} letters, digits, `-` and `.`, found {:?}",
            args.name
        );
        return Err(ArgError::of("name", message));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    plan.output("name", args.name.as_str());
    let wanted = format!("{}\n", args.name);

    let file = host.read_text(Path::new(FILE))?;
    if file.as_deref().map(str::trim) != Some(&args.name) {
        let diff = Diff::new(file, Some(wanted.as_str()));
        let wanted = wanted.clone();
        plan.change(format!("hostname in {FILE}"), diff, move |writer| {
            writer.write_file(Path::new(FILE), wanted.as_bytes(), Attributes::default())?;
            Ok(Output::new())
        });
    }

    let live = host.read_text(Path::new(LIVE))?;
    if live.as_deref().map(str::trim) != Some(&args.name) {
        let diff = Diff::new(live, Some(wanted.as_str()));
        let program = Program::new("hostname").arg(&args.name);
        plan.change("hostname of the running system", diff, move |writer| {
            // In a container `/proc/sys` is often read-only while the system call is allowed.
            writer
                .write_in_place(Path::new(LIVE), wanted.as_bytes())
                .or_else(|_| writer.run_checked(&program).map(drop))?;
            Ok(Output::new())
        });
    }
    Ok(plan)
}

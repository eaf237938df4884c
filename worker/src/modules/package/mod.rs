//! `package`: packages, by whatever manages them on the host. For apt the work is done by [`apt`](super::apt).

mod manager;

use serde_json::{Map, json};

use self::manager::{Manager, command};
use super::apt;
use crate::choices;
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Plan};

choices! {
    /// Whether packages are there, and how new they are.
    pub enum State { Present = "present", Latest = "latest", Absent = "absent" }
}

module! {
    /// Installs, upgrades or removes packages with the host's own package manager: apt, dnf, yum, zypper or apk.
    ///
    /// Names of packages differ between distributions, and nothing is translated. Use `apt` where more is wanted than
    /// all of them have in common.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: what kubeadm looks for
    ///   package: {name: [socat, conntrack, ebtables]}
    /// ```
    package [check = check] {
        /// The packages.
        name | pkg: Vec<String>,
        /// Whether they are to be there, to be the newest, or not to be there.
        state: State = State::Present,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    let is_name = |name: &String| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
            && !name.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    match args.name.iter().find(|name| !is_name(name)) {
        Some(name) => Err(ArgError::of(
            "name",
            format!("expected the name of a package, found {name:?}"),
        )),
        None => Ok(()),
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    if args.name.is_empty() {
        return Ok(Plan::new());
    }
    if host.which("apt-get").is_some() {
        return plan_apt(args, host);
    }
    let manager = Manager::of(host).ok_or_else(|| {
        Failure::new("this host has none of the package managers apt, dnf, yum, zypper and apk")
    })?;
    let installed = manager.installed(host, &args.name, args.state != State::Absent)?;
    let mut plan = Plan::new();
    let (there, missing): (Vec<String>, Vec<String>) = args
        .name
        .iter()
        .cloned()
        .partition(|name| installed.contains_key(name));
    let before = |name: &String| installed.get(name).map(String::as_str);
    match args.state {
        State::Absent => step(&mut plan, manager.remove, there, before, None),
        State::Present => step(&mut plan, manager.install, missing, before, Some("present")),
        State::Latest => {
            step(&mut plan, manager.install, missing, before, Some("latest"));
            if !there.is_empty() {
                let outdated = manager.outdated(host, &there)?;
                step(&mut plan, manager.upgrade, outdated, before, Some("latest"));
            }
        }
    }
    Ok(plan)
}

/// Adds the changes that one call of the package manager brings about.
fn step<'a>(
    plan: &mut Plan,
    call: &[&str],
    packages: Vec<String>,
    before: impl Fn(&String) -> Option<&'a str>,
    after: Option<&str>,
) {
    let changes: Vec<(String, Diff)> = packages
        .iter()
        .map(|name| (format!("package {name}"), Diff::new(before(name), after)))
        .collect();
    let program = command(call).args(packages);
    plan.change_together(changes, move |writer| {
        writer.run_checked(&program).map(|output| output.fields())
    });
}

fn plan_apt(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let state = match args.state {
        State::Present => "present",
        State::Latest => "latest",
        State::Absent => "absent",
    };
    let arguments = Map::from_iter([
        ("name".to_owned(), json!(args.name)),
        ("state".to_owned(), json!(state)),
    ]);
    apt::plan(&apt::Args::parse(&arguments)?, host)
}

//! `group`: a group of the host.

use crate::choices;
use crate::host::{Host, Program};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

choices! {
    /// Whether the group is there.
    pub enum State { Present = "present", Absent = "absent" }
}

module! {
    /// Makes a group, gives it an id, or removes it.
    ///
    /// Registered are `name` and `state`, and `gid` if the group is there already.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: a group for those who may talk to containerd
    ///   group: {name: containerd, system: true}
    /// ```
    group [check = check] {
        /// The group's name.
        name: String,
        /// Its id. If it is not given, a new group gets the next free one.
        gid: Option<u32>,
        /// Whether a new group gets an id from the range for system groups.
        system: bool = false,
        /// Whether it is to be there.
        state: State = State::Present,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_name(&args.name)
}

/// Refuses what can be no name of a user or group, or would be taken for an option.
pub(super) fn check_name(name: &str) -> Result<(), ArgError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | ',' | '/');
    if name.is_empty() || name.starts_with('-') || name.contains(forbidden) {
        return Err(ArgError::of(
            "name",
            format!("expected the name of an account, found {name:?}"),
        ));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let group = host.group(&args.name)?;
    let shown = format!("group {}", args.name);
    plan.output("name", args.name.as_str());
    plan.output("state", match args.state {
        State::Present => "present",
        State::Absent => "absent",
    });
    if let Some(group) = &group {
        plan.output("gid", group.gid);
    }
    match (args.state, group) {
        (State::Present, None) => {
            let mut program = Program::new("groupadd");
            if args.system {
                program = program.arg("--system");
            }
            let mut text = "present".to_owned();
            if let Some(gid) = args.gid {
                program = program.arg("--gid").arg(gid.to_string());
                text = format!("gid {gid}");
            }
            run(&mut plan, shown, Diff::new(None::<&str>, Some(text)), program.arg(&args.name));
        }
        (State::Present, Some(group)) => {
            if let Some(gid) = args.gid.filter(|gid| *gid != group.gid) {
                let diff = Diff::new(Some(group.gid.to_string()), Some(gid.to_string()));
                let program = Program::new("groupmod").args(["--gid", &gid.to_string(), &args.name]);
                run(&mut plan, format!("{shown}: gid"), diff, program);
            }
        }
        (State::Absent, Some(group)) => {
            let diff = Diff::new(Some(format!("gid {}", group.gid)), None::<&str>);
            run(&mut plan, shown, diff, Program::new("groupdel").arg(&args.name));
        }
        (State::Absent, None) => {}
    }
    Ok(plan)
}

/// Adds a change that is made by one program.
pub(super) fn run(plan: &mut Plan, what: String, diff: Diff, program: Program) {
    plan.change(what, diff, move |writer| {
        writer.run_checked(&program).map(|_| Output::new())
    });
}

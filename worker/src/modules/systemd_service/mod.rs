//! `systemd_service`: a unit of systemd: whether it runs, whether it starts by itself, whether it may at all.

mod unit;

use serde_json::Value;

use self::unit::{Unit, any_needs_daemon_reload, full_name, shown, status, systemctl};
use crate::choices;
use crate::host::{Host, Program, Writer};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

choices! {
    /// What a unit is to do.
    pub enum State {
        Started = "started",
        Stopped = "stopped",
        Restarted = "restarted",
        Reloaded = "reloaded",
    }
}

module! {
    /// Starts, stops, enables or masks a unit of systemd.
    ///
    /// `restarted` and `reloaded` act each time; use them in handlers. A unit that is not running is started by
    /// both. A unit whose files have changed since systemd read them makes systemd read all units again before
    /// the unit is started, restarted or reloaded. A unit that does not exist counts as stopped and disabled.
    ///
    /// Registered are `name` and `status`, the unit's properties as systemd calls them. If a unit does not
    /// start, the failure carries the end of its journal.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is. A unit that does not exist yet is taken for one
    /// that an earlier task would have made.
    ///
    /// # Examples
    /// ```yaml
    /// - name: containerd runs, now and after the next start
    ///   systemd_service: {name: containerd, state: started, enabled: true}
    ///
    /// - name: restart containerd
    ///   systemd_service: {name: containerd, state: restarted}
    ///
    /// - name: no swap, whoever asks for it
    ///   systemd_service: {name: swap.target, state: stopped, masked: true}
    ///
    /// - name: read changed units
    ///   systemd_service: {daemon_reload: true}
    /// ```
    systemd_service [check = check] {
        /// The unit. A name without a suffix is that of a service.
        name | service | unit: Option<String>,
        /// Whether it runs.
        state: Option<State>,
        /// Whether it starts by itself.
        enabled: Option<bool>,
        /// Whether it is masked, which keeps it from being started by anything.
        masked: Option<bool>,
        /// Whether systemd reads all units again, if the files of this unit have changed since it last did; without
        /// `name`, if those of any unit have.
        daemon_reload: bool = false,
        /// Whether not to wait until the unit has started or stopped.
        no_block: bool = false,
    }
}

pub(super) fn check(args: &Args) -> Result<(), ArgError> {
    let asks_for_something = args.state.is_some() || args.enabled.is_some() || args.masked.is_some();
    match &args.name {
        None if asks_for_something => Err(ArgError::of("name", "required, but not given")),
        None if !args.daemon_reload => Err(ArgError::new("either `name` or `daemon_reload` is required")),
        Some(name) if !is_unit_name(name) => Err(ArgError::of(
            "name",
            format!("expected the name of a unit, found {name:?}"),
        )),
        _ if args.masked == Some(true) && args.enabled == Some(true) => {
            Err(ArgError::new("a masked unit cannot be enabled"))
        }
        _ => Ok(()),
    }
}

/// Whether it cannot be taken for an option or a pattern.
fn is_unit_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte))
}

pub(super) fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    if !host.is_dir("/run/systemd/system".as_ref()) {
        return Err(Failure::new("this host does not run systemd"));
    }
    let mut plan = Plan::new();
    let Some(name) = &args.name else {
        if any_needs_daemon_reload(host)? {
            daemon_reload(&mut plan);
        }
        return Ok(plan);
    };
    let name = full_name(name);
    let unit = Unit::query(host, &name)?;
    plan.output("name", name.as_str());
    plan.output("status", unit.to_value());

    let acts = action(args, &unit)?;
    if (acts.is_some() || args.daemon_reload) && unit.needs_daemon_reload(host)? {
        daemon_reload(&mut plan);
    }
    plan_mask(args, &name, &unit, &mut plan);
    plan_enable(args, &name, &unit, &mut plan)?;
    if let Some(action) = acts {
        plan_action(args, &name, &unit, action, &mut plan);
    }
    Ok(plan)
}

fn daemon_reload(plan: &mut Plan) {
    let what = "units read again by systemd";
    run(plan, what.into(), Diff::default(), systemctl("daemon-reload"));
}

fn run(plan: &mut Plan, what: String, diff: Diff, program: Program) {
    plan.change(what, diff, move |writer| {
        writer.run_checked(&program).map(|_| Output::new())
    });
}

fn plan_mask(args: &Args, name: &str, unit: &Unit, plan: &mut Plan) {
    let (verb, before, after) = match (args.masked, unit.is_masked()) {
        (Some(true), false) => ("mask", "not masked", "masked"),
        (Some(false), true) => ("unmask", "masked", "not masked"),
        _ => return,
    };
    let diff = Diff::new(Some(before), Some(after));
    let program = systemctl(verb).args(["--", name]);
    run(plan, format!("{}: {after}", shown(name)), diff, program);
}

fn plan_enable(args: &Args, name: &str, unit: &Unit, plan: &mut Plan) -> Result<(), Failure> {
    // What has no `[Install]` section is `static` and starts when something asks for it: neither can be had.
    let (verb, after) = match (args.enabled, unit.file_state()) {
        (None, _)
        | (Some(true), "enabled" | "alias" | "static" | "indirect" | "generated" | "transient")
        | (Some(false), "" | "disabled" | "static" | "indirect") => {
            return Ok(());
        }
        (Some(false), "generated" | "transient") => {
            return Err(Failure::new(format!(
                "{} is generated from something else and cannot be disabled: use `masked: true`",
                shown(name)
            )));
        }
        (Some(false), "masked" | "masked-runtime") if args.masked != Some(false) => return Ok(()),
        (Some(true), "masked" | "masked-runtime") if args.masked.is_none() => return Err(masked(name)),
        (Some(true), _) => ("enable", "enabled"),
        (Some(false), _) => ("disable", "disabled"),
    };
    let before = Some(unit.file_state()).filter(|state| !state.is_empty());
    let diff = Diff::new(before, Some(after));
    let program = systemctl(verb).args(["--", name]);
    let name = name.to_owned();
    plan.change(format!("{}: {after}", shown(&name)), diff, move |writer| {
        match writer.run_checked(&program) {
            Ok(_) => Ok(Output::new()),
            Err(failure) => Err(missing(writer, &name).map_or(failure, Failure::new)),
        }
    });
    Ok(())
}

fn masked(name: &str) -> Failure {
    Failure::new(format!(
        "{} is masked: `masked: false` lets it be started",
        shown(name)
    ))
}

/// What is to be done so that the unit runs as wanted.
fn action(args: &Args, unit: &Unit) -> Result<Option<State>, Failure> {
    let Some(state) = args.state else {
        return Ok(None);
    };
    let needless = match state {
        State::Started => unit.is_active(),
        State::Stopped => unit.is_stopped(),
        State::Restarted | State::Reloaded => false,
    };
    if needless {
        return Ok(None);
    }
    if state != State::Stopped && unit.is_masked() && args.masked != Some(false) {
        return Err(masked(&full_name(args.name.as_deref().unwrap_or_default())));
    }
    Ok(Some(state))
}

fn plan_action(args: &Args, name: &str, unit: &Unit, action: State, plan: &mut Plan) {
    let (verb, done, after) = match action {
        State::Stopped => ("stop", "stopped", "inactive"),
        State::Restarted => ("restart", "restarted", "active"),
        State::Reloaded if unit.is_active() => ("reload", "reloaded", "active"),
        State::Started | State::Reloaded => ("start", "started", "active"),
    };
    let mut program = systemctl(verb);
    if args.no_block {
        program = program.arg("--no-block");
    }
    let program = program.args(["--", name]);
    let before = if unit.exists() {
        unit.active_state()
    } else {
        "not found"
    };
    let diff = Diff::new(Some(before), Some(after));
    let is_to_run = action != State::Stopped && !args.no_block;
    let name = name.to_owned();
    plan.change(format!("{}: {done}", shown(&name)), diff, move |writer| {
        let output = writer.run(&program)?;
        if !output.success() {
            let failure = output.failure(&program);
            return Err(explained(writer, &name, done, failure));
        }
        // A simple service counts as started as soon as its process exists, and may be gone by now.
        if is_to_run && Unit::query(writer, &name)?.active_state() == "failed" {
            let failure = Failure::new("it ended right away");
            return Err(explained(writer, &name, done, failure));
        }
        Ok(Output::new())
    });
}

/// The failure with what systemd and the unit's journal have to say about it.
fn explained(writer: &Writer<'_>, name: &str, done: &str, failure: Failure) -> Failure {
    let unit = shown(name);
    if let Some(missing) = missing(writer, name) {
        return Failure::new(missing).with_output(failure.output);
    }
    let reason = match failure.output.get("stderr").and_then(Value::as_str) {
        Some(stderr) if !stderr.is_empty() => stderr.lines().next().unwrap_or_default(),
        _ => &failure.message,
    };
    let message = format!("{unit} was not {done}: {reason}");
    let mut output = failure.output;
    output.extend(status(writer, name));
    Failure::new(message).with_output(output)
}

/// What is to be said if the unit does not exist.
fn missing(writer: &Writer<'_>, name: &str) -> Option<String> {
    let unit = Unit::query(writer, name).ok()?;
    (!unit.exists()).then(|| format!("there is no {}", shown(name)))
}

//! `timezone`: the host's time zone. The clock itself is the affair of whatever keeps the time.

use std::path::{Path, PathBuf};

use crate::host::{Attributes, Host};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

const ZONES: &str = "/usr/share/zoneinfo";
const LINK: &str = "/etc/localtime";
const NAME_FILE: &str = "/etc/timezone";

module! {
    /// Sets the host's time zone.
    ///
    /// `/etc/localtime` becomes a link to the zone, and `/etc/timezone` says its name where that file exists. A
    /// program that runs already may keep the old zone until it is restarted, as cron does.
    ///
    /// Registered is `name`.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the time of the office
    ///   timezone: {name: Europe/Zurich}
    /// ```
    timezone [check = check] {
        /// The zone, as `timedatectl list-timezones` names it.
        name: String,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    if !args.name.split('/').all(is_part) {
        let message = format!("expected a zone such as `Europe/Zurich`, found {:?}", args.name);
        return Err(ArgError::of("name", message));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    plan.output("name", args.name.as_str());
    let zone = Path::new(ZONES).join(&args.name);
    if !host.exists(&zone) || host.is_dir(&zone) {
        return Err(Failure::new(format!(
            "the host has no time zone `{}`: is `tzdata` installed? `timedatectl list-timezones` lists the names",
            args.name
        )));
    }
    plan_link(args, zone, host, &mut plan)?;
    plan_name(args, host, &mut plan)?;
    Ok(plan)
}

fn plan_link(args: &Args, zone: PathBuf, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let stat = host.stat(Path::new(LINK))?;
    let current = stat.and_then(|stat| stat.target).map(|target| {
        let target = target.to_string_lossy().into_owned();
        match target.split_once("zoneinfo/") {
            Some((_, name)) => name.to_owned(),
            None => target,
        }
    });
    if current.as_ref() != Some(&args.name) {
        let diff = Diff::new(current, Some(args.name.as_str()));
        plan.change(format!("time zone in {LINK}"), diff, move |writer| {
            writer.symlink(Path::new(LINK), &zone)?;
            Ok(Output::new())
        });
    }
    Ok(())
}

fn plan_name(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let file = Path::new(NAME_FILE);
    let Some(current) = host.read_text(file)? else {
        return Ok(());
    };
    if current.trim() != args.name {
        let wanted = format!("{}\n", args.name);
        let diff = Diff::new(Some(current), Some(wanted.as_str()));
        plan.change(format!("time zone in {NAME_FILE}"), diff, move |writer| {
            writer.write_file(file, wanted.as_bytes(), Attributes::default())?;
            Ok(Output::new())
        });
    }
    Ok(())
}

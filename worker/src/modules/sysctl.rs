//! `sysctl`: a kernel parameter, in a file for the next start and in the running kernel.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::arg::AbsPath;
use crate::choices;
use crate::host::{Attributes, Host};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

const DEFAULT_FILE: &str = "/etc/sysctl.d/99-provision.conf";

choices! {
    /// Whether the parameter is set by the file.
    pub enum State { Present = "present", Absent = "absent" }
}

module! {
    /// Sets a kernel parameter: in a file that is read when the host starts, and in the running kernel.
    ///
    /// The two are compared each for itself, so a value that was changed by hand with `sysctl -w` is found and
    /// put right. With `state: absent` the file's line is removed; the kernel keeps its value. Registered are
    /// `name`, `value` and `live`, the kernel's value before.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: route between pods
    ///   sysctl: {name: net.ipv4.ip_forward, value: 1}
    ///
    /// - name: leave the node ports alone
    ///   sysctl:
    ///     name: net.ipv4.ip_local_reserved_ports
    ///     value: 30000-32767
    ///     sysctl_file: /etc/sysctl.d/90-kubelet.conf
    /// ```
    sysctl [check = check] {
        /// The parameter: `net.ipv4.ip_forward`, or with slashes where a part has a dot.
        name | key: String,
        /// Its value. Required unless `state` is `absent`.
        value | val: Option<String>,
        /// Whether the file sets it.
        state: State = State::Present,
        /// The file. By default `/etc/sysctl.d/99-provision.conf`. It is made if it is missing.
        sysctl_file: Option<AbsPath>,
        /// Whether the running kernel is to have the value as well.
        sysctl_set | reload: bool = true,
        /// Whether a parameter that the kernel does not have, or does not let be set, is passed over.
        ignoreerrors: bool = false,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    if live_path(&args.name).is_none() {
        let message = format!(
            "expected a parameter such as `net.ipv4.ip_forward`, found {:?}",
            args.name
        );
        return Err(ArgError::of("name", message));
    }
    match (&args.value, args.state) {
        (Some(value), _) if value.contains(['\n', '\0']) || value.trim().is_empty() => {
            Err(ArgError::of("value", "expected one line of text"))
        }
        (None, State::Present) => Err(ArgError::of("value", "required, but not given")),
        _ => Ok(()),
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let value = args.value.as_deref().map(normalised);
    plan.output("name", args.name.as_str());
    plan.output("value", value.as_deref());
    let wanted = value.filter(|_| args.state == State::Present);
    plan_file(args, wanted.as_deref(), host, &mut plan)?;
    plan_live(args, wanted, host, &mut plan)?;
    Ok(plan)
}

fn plan_file(
    args: &Args,
    wanted: Option<&str>,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let file = args.sysctl_file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
    let before = host.read_text(file)?;
    let after = edited(before.as_deref().unwrap_or_default(), &args.name, wanted);
    if before.as_deref().unwrap_or_default() == after {
        return Ok(());
    }
    let diff = Diff::new(before, Some(after.as_str()));
    let what = format!("sysctl {} in {}", args.name, file.display());
    let file = file.to_owned();
    plan.change(what, diff, move |writer| {
        if let Some(parent) = file.parent().filter(|parent| !writer.exists(parent)) {
            writer.create_dir(parent, Attributes::default())?;
        }
        writer.write_file(&file, after.as_bytes(), Attributes::default())?;
        Ok(Output::new())
    });
    Ok(())
}

fn plan_live(
    args: &Args,
    wanted: Option<String>,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let path = live_path(&args.name).unwrap_or_default();
    // Some parameters can be written only.
    let live = match host.read_text(&path) {
        Err(_) if args.ignoreerrors => None,
        read => read?,
    };
    let live = live.as_deref().map(normalised);
    plan.output("live", live.as_deref());
    let Some(wanted) = wanted.filter(|wanted| args.sysctl_set && live.as_ref() != Some(wanted))
    else {
        return Ok(());
    };
    if args.ignoreerrors && (live.is_none() || !is_writable(host, &path)) {
        return Ok(());
    }
    let diff = Diff::new(live, Some(wanted.as_str()));
    let what = format!("sysctl {} live value", args.name);
    let (name, ignore) = (args.name.clone(), args.ignoreerrors);
    plan.change(what, diff, move |writer| {
        if !writer.exists(&path) {
            return Err(Failure::new(format!(
                "the kernel has no parameter `{name}`: is a kernel module to be loaded first?"
            )));
        }
        match writer.write_in_place(&path, format!("{wanted}\n").as_bytes()) {
            Err(failure) if !ignore => Err(failure),
            _ => Ok(Output::new()),
        }
    });
    Ok(())
}

/// Whether the parameter can be set. In a container many are mounted read-only.
fn is_writable(host: &Host, path: &Path) -> bool {
    access(host.real_path(path), Access::WRITE_OK).is_ok()
}

/// A value with single spaces: the kernel prints tabs where a person writes spaces.
fn normalised(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parts of a parameter's name. The first separator decides: after a dot, a slash stands for a dot.
fn parts(name: &str) -> Vec<String> {
    let separator = name.find(['.', '/']).map(|at| &name[at..=at]);
    match separator {
        Some("/") => name.split('/').map(str::to_owned).collect(),
        _ => name.split('.').map(|part| part.replace('/', ".")).collect(),
    }
}

/// Where the kernel shows the parameter, unless the name leads elsewhere.
fn live_path(name: &str) -> Option<PathBuf> {
    let parts = parts(name);
    let sound = parts.len() > 1
        && parts.iter().all(|part| {
            !matches!(part.as_str(), "" | "." | "..")
                && !part.contains(|c: char| c.is_whitespace() || matches!(c, '=' | '\0' | '/'))
        });
    sound.then(|| Path::new("/proc/sys").join(parts.iter().collect::<PathBuf>()))
}

/// The file's text with the parameter set to `wanted`, or without it. The last line that sets it is the one
/// that counts, so that one is changed.
fn edited(text: &str, name: &str, wanted: Option<&str>) -> String {
    let key = parts(name);
    let value_in = |line: &str| {
        let line = line.trim().trim_start_matches('-');
        let (found, value) = line.split_once('=')?;
        (!line.starts_with(['#', ';']) && parts(found.trim()) == key).then(|| normalised(value))
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let Some(wanted) = wanted else {
        if !lines.iter().any(|line| value_in(line).is_some()) {
            return text.to_owned();
        }
        lines.retain(|line| value_in(line).is_none());
        return joined(&lines);
    };
    let line = format!("{name} = {wanted}");
    match lines.iter_mut().rev().find_map(|line| Some((value_in(line)?, line))) {
        Some((value, _)) if value == wanted => return text.to_owned(),
        Some((_, old)) => *old = line,
        None => lines.push(line),
    }
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_paths_below_proc_sys_only() {
        let path = |name| live_path(name).map(|path| path.display().to_string());
        let at = |name: &str| Some(format!("/proc/sys/{name}"));
        assert_eq!(path("net.ipv4.ip_forward"), at("net/ipv4/ip_forward"));
        assert_eq!(path("net/ipv4/conf/eth0.1/arp"), at("net/ipv4/conf/eth0.1/arp"));
        assert_eq!(path("net.ipv4.conf.eth0/1.arp"), at("net/ipv4/conf/eth0.1/arp"));
        for wrong in ["", "net", "net..x", "/net/x", "net/../../etc/passwd", "a.b c"] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_line_that_counts_is_changed() {
        let text = "# vm.swappiness = 1\nvm.swappiness=60\n-vm/swappiness = 30\nkernel.panic = 5\n";
        assert_eq!(
            edited(text, "vm.swappiness", Some("0")),
            "# vm.swappiness = 1\nvm.swappiness=60\nvm.swappiness = 0\nkernel.panic = 5\n"
        );
        assert_eq!(edited(text, "vm.swappiness", Some("30")), text);
        assert_eq!(
            edited(text, "vm.swappiness", None),
            "# vm.swappiness = 1\nkernel.panic = 5\n"
        );
    }

    #[test]
    fn a_line_is_added_after_a_last_line_without_break() {
        assert_eq!(edited("a.b = 1", "c.d", Some("2 3")), "a.b = 1\nc.d = 2 3\n");
        assert_eq!(edited("c.d =2\t3", "c.d", Some("2 3")), "c.d =2\t3");
    }
}

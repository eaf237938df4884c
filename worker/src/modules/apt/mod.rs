//! `apt`: packages of Debian and its derivatives. What is installed is read from dpkg's own files, so that a
//! host which has everything costs no program at all.

mod apt_get;
mod lists;
mod package_spec;

use self::apt_get::{AptGet, Removal, candidates};
pub use self::package_spec::PackageSpec;
use crate::choices;
use crate::dpkg::{Database, State as Installed, version};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

choices! {
    /// Whether packages are there, and how new they are.
    pub enum State { Present = "present", Latest = "latest", Absent = "absent" }
}

module! {
    /// Installs, upgrades or removes packages with apt.
    ///
    /// All packages of a task are handled by one call. A package on hold keeps its version: `state: latest` passes
    /// over it, and asking for another version of it, or for its removal, fails unless
    /// `allow_change_held_packages` is true. Where packages were changed, apt's output is registered as
    /// for `command`, and `cache_updated` tells whether the package lists were refreshed.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is. A removal lists all packages that would go with
    /// it. Whether `state: latest` finds something new in lists that are to be refreshed first cannot be
    /// known; check mode then reports the task as unknown.
    ///
    /// # Examples
    /// ```yaml
    /// - name: what the other tasks need
    ///   apt: {name: [curl, ca-certificates, socat], update_cache: true}
    ///
    /// - name: exactly this minor version
    ///   apt: {name: "kubelet=1.31.*", allow_change_held_packages: true}
    ///
    /// - name: no second time daemon
    ///   apt: {name: ntp, state: absent, purge: true}
    ///
    /// - name: lists that are at most a day old
    ///   apt: {update_cache: true, cache_valid_time: 86400}
    /// ```
    apt [check = check] {
        /// The packages: `NAME`, `NAME=VERSION`, or `NAME=VERSION*` for a version that begins so.
        name | pkg | package: Option<Vec<PackageSpec>>,
        /// Whether they are to be there, to be the newest, or not to be there.
        state: State = State::Present,
        /// Whether the package lists are refreshed before packages are installed. It happens only if there is
        /// something to install; in a task without `name` it is itself what is to be done.
        update_cache: bool = false,
        /// How many seconds old the lists may be before they are refreshed. By default 0 where a package is
        /// missing; 3600 for `state: latest` and in a task without `name`.
        cache_valid_time: Option<u64>,
        /// Whether recommended packages are installed too. By default what apt is configured to do.
        install_recommends: Option<bool>,
        /// The release that packages are taken from, such as `bookworm-backports`.
        default_release: Option<String>,
        /// Whether configuration files are removed together with a package.
        purge: bool = false,
        /// Whether packages that were installed for others only, and that nothing needs any more, are removed.
        autoremove: bool = false,
        /// Whether a package may be replaced by an older version of it.
        allow_downgrade: bool = false,
        /// Whether a package on hold may be changed.
        allow_change_held_packages: bool = false,
        /// Options for dpkg, separated by commas.
        dpkg_options: String = "force-confdef,force-confold",
        /// How many seconds to wait for another program that holds a lock.
        lock_timeout: u64 = 60u64,
    }
}

/// How old lists may be, in seconds, where refreshing them could be all that is done.
const VALID: u64 = 3600;

fn check(args: &Args) -> Result<(), ArgError> {
    if args.name.is_none() && !args.update_cache && !args.autoremove {
        return Err(ArgError::new(
            "expected at least one of `name`, `update_cache` and `autoremove`",
        ));
    }
    let versioned = args.name.iter().flatten().any(|spec| spec.version.is_some());
    if versioned && args.state != State::Present {
        return Err(ArgError::of(
            "name",
            "a version can be given only with the state `present`",
        ));
    }
    Ok(())
}

pub(super) fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    if !host.is_dir("/var/lib/dpkg".as_ref()) {
        return Err(Failure::new(
            "this host's packages are not managed by apt: use the module `package`",
        ));
    }
    let mut plan = Plan::new();
    plan.output("cache_updated", false);
    let Some(specs) = &args.name else {
        plan_refresh(args, host, &mut plan)?;
        plan_autoremove(args, host, &mut plan)?;
        return Ok(plan);
    };
    let database = Database::read(host)?;
    match args.state {
        State::Present => plan_present(args, specs, &database, host, &mut plan)?,
        State::Latest => plan_latest(args, specs, &database, host, &mut plan)?,
        State::Absent => return plan_absent(args, specs, &database, host),
    }
    plan_autoremove(args, host, &mut plan)?;
    Ok(plan)
}

/// Whether the lists are to be refreshed, where `default` is how old they may be.
fn is_stale(args: &Args, default: u64, host: &Host) -> Result<bool, Failure> {
    let valid = args.cache_valid_time.unwrap_or(default);
    Ok(args.update_cache && lists::age(host)?.is_none_or(|age| age >= valid))
}

fn plan_refresh(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    if is_stale(args, VALID, host)? {
        let apt = AptGet::new(args);
        plan.change("package lists of apt", Diff::default(), move |writer| {
            apt.update(writer)?;
            Ok(refreshed(Output::new(), true))
        });
    }
    Ok(())
}

fn refreshed(mut output: Output, refreshed: bool) -> Output {
    output.insert("cache_updated".into(), refreshed.into());
    output
}

fn plan_present(
    args: &Args,
    specs: &[PackageSpec],
    database: &Database,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let mut changes = Vec::new();
    let mut packages = Vec::new();
    for spec in specs {
        let installed = database.installed(&spec.name);
        match installed {
            Some(package) if spec.accepts(&package.version) => continue,
            Some(package) => refuse_other_version(args, spec, &package.version, package.held)?,
            None if is_provided(spec, database, host)? => continue,
            None => {}
        }
        changes.push((
            format!("package {}", spec.name),
            Diff::new(
                installed.map(|package| package.version.as_str()),
                Some(spec.version.as_deref().unwrap_or("present")),
            ),
        ));
        packages.push(spec.to_apt());
    }
    let refresh = !packages.is_empty() && is_stale(args, 0, host)?;
    install(args, changes, packages, refresh, plan);
    Ok(())
}

/// Adds the changes that one call of apt brings about.
fn install(
    args: &Args,
    changes: Vec<(String, Diff)>,
    packages: Vec<String>,
    refresh: bool,
    plan: &mut Plan,
) {
    let apt = AptGet::new(args);
    plan.change_together(changes, move |writer| {
        if refresh {
            apt.update(writer)?;
        }
        let output = apt.install(writer, &packages)?;
        Ok(refreshed(output.fields(), refresh))
    });
}

/// Refuses to change a package's version against the administrator's will, or silently to an older one.
fn refuse_other_version(
    args: &Args,
    spec: &PackageSpec,
    installed: &str,
    held: bool,
) -> Result<(), Failure> {
    if held && !args.allow_change_held_packages {
        return Err(held_back(&spec.name, installed));
    }
    let is_older = |wanted: &str| version::compare(wanted, installed).is_lt();
    if spec.exact_version().is_some_and(is_older) && !args.allow_downgrade {
        return Err(Failure::new(format!(
            "package `{}` is installed in the newer version {installed}: `allow_downgrade: true` lets it be replaced",
            spec.to_apt()
        )));
    }
    Ok(())
}

fn held_back(name: &str, installed: &str) -> Failure {
    Failure::new(format!(
        "package `{name}` is on hold in version {installed}: `allow_change_held_packages: true` lets it be changed"
    ))
}

/// Whether the name is that of a virtual package only, and something that is installed provides it.
fn is_provided(spec: &PackageSpec, database: &Database, host: &Host) -> Result<bool, Failure> {
    // Only what is provided makes it worth to ask apt whether a package of the name exists as well.
    Ok(spec.version.is_none()
        && database.provider(&spec.name).is_some()
        && candidates(host, &[&spec.name])?.is_empty())
}

fn plan_latest(
    args: &Args,
    specs: &[PackageSpec],
    database: &Database,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let is_held = |spec: &&PackageSpec| {
        !args.allow_change_held_packages
            && database.installed(&spec.name).is_some_and(|package| package.held)
    };
    let (held, specs): (Vec<_>, Vec<_>) = specs.iter().partition(is_held);
    let names = |specs: &[&PackageSpec]| specs.iter().map(|spec| spec.name.clone()).collect();
    let held: Vec<String> = names(&held);
    plan.output("held", held);
    if !specs.is_empty() && is_stale(args, VALID, host)? {
        plan.append(latest_after_refresh(args, names(&specs)));
        return Ok(());
    }

    let installed: Vec<&str> = specs
        .iter()
        .map(|spec| spec.name.as_str())
        .filter(|name| database.installed(name).is_some())
        .collect();
    let candidates = candidates(host, &installed)?;
    let mut changes = Vec::new();
    let mut packages = Vec::new();
    for spec in specs {
        let before = database.installed(&spec.name).map(|package| package.version.as_str());
        let candidate = candidates.get(&spec.name).map(String::as_str);
        let after = match (before, candidate) {
            (Some(before), Some(candidate)) => {
                let order = version::compare(candidate, before);
                if !(order.is_gt() || order.is_lt() && args.allow_downgrade) {
                    continue;
                }
                candidate
            }
            (Some(_), None) => continue,
            (None, _) if is_provided(spec, database, host)? => continue,
            (None, _) => "latest",
        };
        changes.push((format!("package {}", spec.name), Diff::new(before, Some(after))));
        packages.push(spec.to_apt());
    }
    install(args, changes, packages, false, plan);
    Ok(())
}

fn latest_after_refresh(args: &Args, packages: Vec<String>) -> Plan {
    let apt = AptGet::new(args);
    Plan::unpredictable(
        "which version is the newest is known only after the package lists have been refreshed",
        format!("newest version of {}", packages.join(", ")),
        move |writer| {
            apt.update(writer)?;
            let output = apt.install(writer, &packages)?;
            Ok(refreshed(output.fields(), true))
        },
    )
}

fn plan_absent(
    args: &Args,
    specs: &[PackageSpec],
    database: &Database,
    host: &Host,
) -> Result<Plan, Failure> {
    let mut packages = Vec::new();
    for spec in specs {
        let Some(package) = database.package(&spec.name) else {
            continue;
        };
        match package.state {
            Installed::Absent => continue,
            Installed::ConfigFiles if !args.purge => continue,
            Installed::Installed if package.held && !args.allow_change_held_packages => {
                return Err(held_back(&spec.name, &package.version));
            }
            Installed::Installed | Installed::Broken | Installed::ConfigFiles => {}
        }
        packages.push(spec.to_apt());
    }
    let mut plan = Plan::new();
    if !packages.is_empty() || args.autoremove {
        remove(args, packages, host, &mut plan)?;
    }
    Ok(plan)
}

fn plan_autoremove(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    if args.autoremove {
        remove(args, Vec::new(), host, plan)?;
    }
    Ok(())
}

fn remove(
    args: &Args,
    packages: Vec<String>,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let removal = Removal {
        packages,
        purge: args.purge,
        autoremove: args.autoremove,
    };
    let changes = removal.simulate(host)?.into_iter().map(|(name, version)| {
        let before = if version.is_empty() { "present" } else { &version };
        (format!("package {name}"), Diff::new(Some(before), None::<&str>))
    });
    let apt = AptGet::new(args);
    plan.change_together(changes, move |writer| {
        apt.remove(writer, &removal).map(|output| output.fields())
    });
    Ok(())
}

//! `modprobe`: a kernel module, loaded now and at every start.

use std::path::{Path, PathBuf};

use crate::choices;
use crate::host::{Attributes, Host, Program};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

choices! {
    /// Whether the kernel module is loaded.
    pub enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// Whether it is loaded when the host starts.
    pub enum Persistent { Disabled = "disabled", Present = "present", Absent = "absent" }
}

module! {
    /// Loads or unloads a kernel module, and makes it be loaded when the host starts.
    ///
    /// A module that is built into the kernel counts as loaded and cannot be unloaded. In a container the module may
    /// be hidden; then what it does for the kernel is looked for. Registered are `name` and `loaded`, which tells
    /// how it was found.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: overlay file systems for containers
    ///   modprobe: {name: overlay, persistent: present}
    ///
    /// - name: dummy interfaces
    ///   modprobe: {name: dummy, params: numdummies=0}
    /// ```
    modprobe [check = check] {
        /// The kernel module.
        name: String,
        /// Whether it is loaded.
        state: State = State::Present,
        /// Parameters it is loaded with. They do not matter where it is loaded already.
        params: Option<String>,
        /// `present`: `/etc/modules-load.d/NAME.conf` has it loaded at every start, and `/etc/modprobe.d/NAME.conf`
        /// holds `params`. `absent`: these two do not exist. `disabled`: they are left alone.
        persistent: Persistent = Persistent::Disabled,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    let is_name = !args.name.is_empty()
        && !args.name.starts_with('-')
        && args
            .name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if !is_name {
        let message = format!("expected the name of a kernel module, found {:?}", args.name);
        return Err(ArgError::of("name", message));
    }
    if args.params.as_ref().is_some_and(|text| text.contains(['\n', '\0'])) {
        return Err(ArgError::of("params", "expected one line of text"));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let found = Found::on(host, &args.name)?;
    plan.output("name", args.name.as_str());
    plan.output("loaded", found != Found::Missing);
    let what = format!("kernel module {}", args.name);
    match (args.state, found) {
        (State::Present, Found::Missing) => {
            let diff = Diff::new(Some("not loaded"), Some("loaded"));
            let program = Program::new("modprobe").arg(&args.name).args(params(args));
            modprobe(&mut plan, what, diff, program);
        }
        (State::Absent, Found::Loaded) => {
            let diff = Diff::new(Some("loaded"), Some("not loaded"));
            let program = Program::new("modprobe").args(["--remove", &args.name]);
            modprobe(&mut plan, what, diff, program);
        }
        (State::Absent, Found::BuiltIn) => {
            return Err(Failure::new(format!(
                "kernel module `{}` is built into the kernel and cannot be unloaded",
                args.name
            )));
        }
        (State::Present, Found::Loaded | Found::BuiltIn) | (State::Absent, Found::Missing) => {}
    }
    plan_files(args, host, &mut plan)?;
    Ok(plan)
}

fn params(args: &Args) -> impl Iterator<Item = &str> {
    args.params.as_deref().unwrap_or_default().split_whitespace()
}

fn modprobe(plan: &mut Plan, what: String, diff: Diff, program: Program) {
    plan.change(what, diff, move |writer| {
        writer.run_checked(&program).map(|_| Output::new())
    });
}

/// Where a kernel module is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Loaded,
    BuiltIn,
    Missing,
}

impl Found {
    fn on(host: &Host, name: &str) -> Result<Self, Failure> {
        let name = canonical(name);
        let loaded = host.read_text(Path::new("/proc/modules"))?.unwrap_or_default();
        let is_first_word = |line: &str| line.split(' ').next() == Some(&name);
        if loaded.lines().any(is_first_word) {
            return Ok(Self::Loaded);
        }
        let built_in = host.is_dir(&Path::new("/sys/module").join(&name))
            || is_listed_as_built_in(host, &name)?
            || leaves_a_trace(host, &name)?;
        Ok(if built_in { Self::BuiltIn } else { Self::Missing })
    }
}

/// The kernel does not tell `-` from `_`.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// Not every built-in module shows up in `/sys/module`; those without parameters do not.
fn is_listed_as_built_in(host: &Host, name: &str) -> Result<bool, Failure> {
    let release = host.read_text(Path::new("/proc/sys/kernel/osrelease"))?;
    let Some(release) = release else {
        return Ok(false);
    };
    let list = Path::new("/lib/modules")
        .join(release.trim())
        .join("modules.builtin");
    let list = host.read_text(&list)?.unwrap_or_default();
    Ok(list
        .lines()
        .filter_map(|path| path.rsplit('/').next()?.split('.').next())
        .any(|module| canonical(module) == name))
}

/// What cannot be there without the kernel module, for those that containers need.
const TRACES: [(&str, &str); 4] = [
    ("br_netfilter", "/proc/sys/net/bridge/bridge-nf-call-iptables"),
    ("ip_tables", "/proc/net/ip_tables_names"),
    ("ip_vs", "/proc/sys/net/ipv4/vs"),
    ("nf_conntrack", "/proc/sys/net/netfilter/nf_conntrack_max"),
];

/// Whether the kernel does what the module is for. In a container, or with a kernel that cannot load modules at
/// all, there is often no other way to know.
fn leaves_a_trace(host: &Host, name: &str) -> Result<bool, Failure> {
    let file_systems = host.read_text(Path::new("/proc/filesystems"))?.unwrap_or_default();
    Ok(file_systems
        .lines()
        .any(|line| line.split_whitespace().last() == Some(name))
        || TRACES
            .iter()
            .any(|(module, trace)| *module == name && host.exists(Path::new(trace))))
}

fn plan_files(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let load = PathBuf::from(format!("/etc/modules-load.d/{}.conf", args.name));
    let options = PathBuf::from(format!("/etc/modprobe.d/{}.conf", args.name));
    let params = params(args).collect::<Vec<_>>().join(" ");
    match args.persistent {
        Persistent::Disabled => Ok(()),
        Persistent::Present => {
            plan_file(host, load, Some(format!("{}\n", args.name)), plan)?;
            if params.is_empty() {
                return Ok(());
            }
            let line = format!("options {} {params}\n", args.name);
            plan_file(host, options, Some(line), plan)
        }
        Persistent::Absent => {
            plan_file(host, load, None, plan)?;
            plan_file(host, options, None, plan)
        }
    }
}

fn plan_file(
    host: &Host,
    path: PathBuf,
    wanted: Option<String>,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let before = host.read_text(&path)?;
    if before == wanted {
        return Ok(());
    }
    let diff = Diff::new(before, wanted.clone());
    plan.change(path.display().to_string(), diff, move |writer| {
        match (wanted, path.parent()) {
            (None, _) => writer.remove(&path)?,
            (Some(text), parent) => {
                if let Some(parent) = parent.filter(|parent| !writer.exists(parent)) {
                    writer.create_dir(parent, Attributes::default())?;
                }
                writer.write_file(&path, text.as_bytes(), Attributes::default())?;
            }
        }
        Ok(Output::new())
    });
    Ok(())
}

//! Facts about control groups, which a container runtime's driver must suit.

use rustix::fs::statfs;
use serde_json::{Map, Value, json};

use super::files::Files;
use super::services;

/// The kind of file system of the unified hierarchy.
const CGROUP2_SUPER_MAGIC: u32 = 0x6367_7270;

/// The control group of all pods where systemd manages it, and where the kubelet does.
const SYSTEMD_PODS: &str = "kubepods.slice";
const CGROUPFS_PODS: &str = "kubepods";

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let version = version(files);
    let controllers = match version {
        Some(2) => unified_controllers(files),
        Some(_) => legacy_controllers(files),
        None => Vec::new(),
    };
    let hybrid = version == Some(1) && files.exists("/sys/fs/cgroup/unified");
    let kubepods = kubepods(files, version);
    let cgroup = json!({
        "version": version,
        "hybrid": hybrid,
        "controllers": controllers,
        "init": services::init(files),
        "driver": driver(&kubepods),
        "kubepods": kubepods,
    });
    facts.insert("cgroup".into(), cgroup);
}

fn version(files: &Files) -> Option<u8> {
    let mounted = statfs(files.real_path("/sys/fs/cgroup")).ok()?;
    let is_unified = u32::try_from(mounted.f_type) == Ok(CGROUP2_SUPER_MAGIC);
    // The file is there on the unified hierarchy only; it tells of it in a container too that has its root
    // elsewhere.
    if is_unified || files.exists("/sys/fs/cgroup/cgroup.controllers") {
        Some(2)
    } else {
        let is_mounted = !files.names("/sys/fs/cgroup").is_empty();
        is_mounted.then_some(1)
    }
}

fn unified_controllers(files: &Files) -> Vec<String> {
    let line = files.line("/sys/fs/cgroup/cgroup.controllers");
    let words = line.as_deref().unwrap_or_default().split_ascii_whitespace();
    words.map(str::to_owned).collect()
}

/// The control groups of all pods that are there: a kubelet names its own after the driver that it uses.
fn kubepods(files: &Files, version: Option<u8>) -> Vec<&'static str> {
    let hierarchies = match version {
        Some(2) => vec!["/sys/fs/cgroup".to_owned()],
        Some(_) => {
            let names = files.names("/sys/fs/cgroup").into_iter();
            names.map(|name| format!("/sys/fs/cgroup/{name}")).collect()
        }
        None => Vec::new(),
    };
    let is_there = |group: &&str| {
        let mut paths = hierarchies.iter().map(|parent| format!("{parent}/{group}"));
        paths.any(|path| files.exists(&path))
    };
    let groups = [SYSTEMD_PODS, CGROUPFS_PODS].into_iter();
    groups.filter(is_there).collect()
}

/// The driver that pods have been run with. Both mean that it was changed and the host not started anew since, or
/// that kubelet and runtime did not agree.
fn driver(kubepods: &[&str]) -> Option<&'static str> {
    match *kubepods {
        [SYSTEMD_PODS] => Some("systemd"),
        [CGROUPFS_PODS] => Some("cgroupfs"),
        [] => None,
        _ => Some("both"),
    }
}

/// Those of `/proc/cgroups` that are enabled: the name is the first column, that the last.
fn legacy_controllers(files: &Files) -> Vec<String> {
    let table = files.text("/proc/cgroups").unwrap_or_default();
    table
        .lines()
        .filter(|line| !line.starts_with('#') && line.ends_with('1'))
        .filter_map(|line| line.split_ascii_whitespace().next())
        .map(str::to_owned)
        .collect()
}

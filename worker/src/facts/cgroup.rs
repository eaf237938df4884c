//! Facts about control groups, which a container runtime's driver must suit.

use rustix::fs::statfs;
use serde_json::{Map, Value, json};

use super::files::Files;
use super::services;

/// The kind of file system of the unified hierarchy.
const CGROUP2_SUPER_MAGIC: u32 = 0x6367_7270;

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let version = version(files);
    let controllers = match version {
        Some(2) => unified_controllers(files),
        Some(_) => legacy_controllers(files),
        None => Vec::new(),
    };
    let hybrid = version == Some(1) && files.exists("/sys/fs/cgroup/unified");
    let cgroup = json!({
        "version": version,
        "hybrid": hybrid,
        "controllers": controllers,
        "init": services::init(files),
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

//! Facts about mounted file systems: those that hold data, not the kernel's own and not bind mounts.

use serde_json::{Map, Value, json};

use super::files::Files;

/// File systems of the network, and those whose device is a name of their own.
const WITHOUT_DEVICE: [&str; 9] = [
    "nfs",
    "nfs4",
    "cifs",
    "ceph",
    "9p",
    "virtiofs",
    "zfs",
    "glusterfs",
    "fuse.glusterfs",
];

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let table = files.text("/proc/self/mountinfo");
    let mounts: Option<Vec<_>> = table.map(|table| table.lines().filter_map(mount).collect());
    facts.insert("mounts".into(), mounts.into());
}

/// A line of `mountinfo`: `36 35 8:1 ROOT PATH OPTIONS ... - FSTYPE DEVICE SUPER_OPTIONS`.
fn mount(line: &str) -> Option<Value> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut fields = mount.split(' ').skip(3);
    let (root, path, options) = (fields.next()?, fields.next()?, fields.next()?);
    let mut fields = file_system.split(' ');
    let (fstype, device) = (fields.next()?, fields.next()?);

    let holds_data = device.starts_with('/') || WITHOUT_DEVICE.contains(&fstype);
    // A subvolume of btrfs has a root of its own without being a bind mount.
    let is_whole = root == "/" || fstype == "btrfs";
    (path == "/" || holds_data && is_whole).then(|| {
        json!({
            "device": unescape(device),
            "path": unescape(path),
            "fstype": fstype,
            "options": options.split(',').collect::<Vec<_>>(),
        })
    })
}

/// Undoes what the kernel does to blanks, tabs, line breaks and backslashes.
fn unescape(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (escaped, plain)| {
        text.replace(escaped, plain)
    })
}

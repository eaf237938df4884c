//! Facts about the machine, real or virtual, and about the kernel's access control.

use serde_json::{Map, Value};

use super::files::Files;

/// What the firmware of virtual machines says of its maker, and which virtualization that is.
const VENDORS: [(&str, &str); 9] = [
    ("QEMU", "kvm"),
    ("KVM", "kvm"),
    ("Amazon EC2", "kvm"),
    ("Google", "kvm"),
    ("OpenStack", "kvm"),
    ("VMware", "vmware"),
    ("Microsoft Corporation", "hyperv"),
    ("innotek", "virtualbox"),
    ("Xen", "xen"),
];

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let memory = files.text("/proc/meminfo").unwrap_or_default();
    let mib = |key| mebibytes(&memory, key);
    facts.insert("memory_mb".into(), mib("MemTotal:").into());
    facts.insert("swap_mb".into(), mib("SwapTotal:").into());
    facts.insert("cpus".into(), cpus(files).into());
    facts.insert("virtualization".into(), virtualization(files).into());
    facts.insert("selinux".into(), selinux(files).into());
}

fn mebibytes(memory: &str, key: &str) -> Option<u64> {
    let line = memory.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes / 1024)
}

/// The processors in a list such as `0-3,6`.
fn cpus(files: &Files) -> Option<u32> {
    let ranges = files.line("/sys/devices/system/cpu/online")?;
    ranges
        .split(',')
        .map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            Some(last.checked_sub(first)? + 1)
        })
        .sum()
}

fn virtualization(files: &Files) -> Option<String> {
    let container = files.line("/run/systemd/container");
    if container.is_some() {
        return container;
    }
    if files.exists("/.dockerenv") {
        return Some("docker".into());
    }
    if files.exists("/run/.containerenv") {
        return Some("podman".into());
    }
    let firmware = ["sys_vendor", "product_name"]
        .into_iter()
        .filter_map(|name| files.line(&format!("/sys/class/dmi/id/{name}")));
    // A maker of real machines too: only the product tells.
    let firmware: Vec<_> = firmware.collect();
    let is_surface = |text: &str| text == "Microsoft Corporation";
    if firmware.first().is_some_and(|vendor| is_surface(vendor))
        && firmware
            .get(1)
            .is_none_or(|product| product != "Virtual Machine")
    {
        return None;
    }
    let virtualization = VENDORS
        .iter()
        .find(|(start, _)| firmware.iter().any(|text| text.starts_with(start)));
    virtualization.map(|(_, name)| (*name).to_owned())
}

fn selinux(files: &Files) -> &'static str {
    match files.line("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => "enforcing",
        Some(_) => "permissive",
        None => "disabled",
    }
}

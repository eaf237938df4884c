//! Facts about the host as a whole: its names, kernel and clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::files::Files;

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let hostname = files.line("/proc/sys/kernel/hostname");
    let fqdn = hostname.as_deref().map(|name| fqdn(files, name));
    let machine = rustix::system::uname()
        .machine()
        .to_string_lossy()
        .into_owned();
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).ok();

    facts.insert("hostname".into(), hostname.into());
    facts.insert("fqdn".into(), fqdn.into());
    facts.insert("machine_id".into(), files.line("/etc/machine-id").into());
    facts.insert("deb_architecture".into(), deb_architecture(&machine).into());
    facts.insert("architecture".into(), machine.into());
    facts.insert("kernel".into(), kernel(files));
    facts.insert(
        "date_time".into(),
        json!({ "epoch": epoch.map(|epoch| epoch.as_secs()) }),
    );
    facts.insert("uptime_seconds".into(), uptime(files).into());
}

fn fqdn(files: &Files, hostname: &str) -> String {
    let hosts = files.text("/etc/hosts").unwrap_or_default();
    hosts
        .lines()
        .filter_map(|line| line.split('#').next())
        .map(|line| line.split_ascii_whitespace().skip(1))
        .filter(|names| names.clone().any(|name| name == hostname))
        .find_map(|mut names| names.find(|name| name.contains('.')))
        .unwrap_or(hostname)
        .to_owned()
}

fn deb_architecture(machine: &str) -> Option<&'static str> {
    Some(match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" => "armhf",
        "i386" | "i486" | "i586" | "i686" => "i386",
        "ppc64le" => "ppc64el",
        "riscv64" => "riscv64",
        "s390x" => "s390x",
        _ => return None,
    })
}

fn kernel(files: &Files) -> Value {
    let release = files.line("/proc/sys/kernel/osrelease");
    let mut numbers = release
        .iter()
        .flat_map(|release| release.split(|c: char| !c.is_ascii_digit()))
        .map(|number| number.parse::<u32>().ok());
    let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
    json!({ "release": release, "major": major, "minor": minor })
}

fn uptime(files: &Files) -> Option<u64> {
    let line = files.line("/proc/uptime")?;
    line.split(['.', ' ']).next()?.parse().ok()
}

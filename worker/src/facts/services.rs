//! Facts about what starts and watches the host's services.

use serde_json::{Map, Value};

use super::files::Files;

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    facts.insert("init".into(), init(files).into());
    let manager = service_manager(files);
    facts.insert("service_manager".into(), manager.into());
    let version = systemd_version(files, std::env::consts::ARCH);
    facts.insert("systemd_version".into(), version.into());
}

/// The program that started the host.
pub(super) fn init(files: &Files) -> Option<String> {
    if files.exists("/run/systemd/system") {
        Some("systemd".into())
    } else if files.exists("/run/openrc") {
        Some("openrc".into())
    } else {
        files.line("/proc/1/comm")
    }
}

fn service_manager(files: &Files) -> Option<&'static str> {
    if files.exists("/run/systemd/system") {
        Some("systemd")
    } else if files.exists("/run/openrc") || files.exists("/sbin/openrc") {
        Some("openrc")
    } else {
        files.exists("/etc/init.d").then_some("sysvinit")
    }
}

/// The version that the name of systemd's own library carries, as in `libsystemd-shared-252.so`.
fn systemd_version(files: &Files, architecture: &str) -> Option<u32> {
    let directories = [
        "/usr/lib/systemd".into(),
        format!("/usr/lib/{architecture}-linux-gnu/systemd"),
        "/lib/systemd".into(),
    ];
    directories
        .iter()
        .flat_map(|directory| files.names(directory))
        .find_map(|name| {
            let version = name.strip_prefix("libsystemd-shared-")?;
            let end = version.find(|c: char| !c.is_ascii_digit())?;
            version[..end].parse().ok()
        })
}

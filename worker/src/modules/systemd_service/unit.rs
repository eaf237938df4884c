//! What systemd says about a unit, asked for by one call of `systemctl show`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::host::{FileKind, Host, Program, Stat};
use crate::plan::{Failure, Output};

/// Queried of each unit.
const PROPERTIES: &str =
    "--property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,DropInPaths";

/// So many lines of a unit's status are shown when it did not start, each cut to so many characters.
const STATUS_LINES: usize = 30;
const STATUS_WIDTH: usize = 400;

const SUFFIXES: [&str; 11] = [
    "service", "socket", "target", "timer", "path", "mount", "automount", "swap", "slice", "scope",
    "device",
];

/// A unit as systemd sees it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    properties: BTreeMap<String, String>,
}

/// The full name of a unit: a name without a suffix is that of a service.
pub(super) fn full_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, suffix)) if SUFFIXES.contains(&suffix) => name.to_owned(),
        _ => format!("{name}.service"),
    }
}

/// `service containerd`, `socket docker`.
pub(super) fn shown(unit: &str) -> String {
    let (stem, suffix) = unit.rsplit_once('.').unwrap_or((unit, "service"));
    format!("{suffix} {stem}")
}

pub(super) fn systemctl(verb: &str) -> Program {
    Program::new("systemctl").arg(verb).env("LC_ALL", "C")
}

impl Unit {
    /// Asks systemd. A unit that does not exist is described as well, as not found.
    pub(super) fn query(host: &Host, name: &str) -> Result<Self, Failure> {
        let program = systemctl("show").args([PROPERTIES, "--", name]);
        let output = host.query(&program)?;
        if !output.success() {
            return Err(output.failure(&program));
        }
        Ok(Self::parse(&output.stdout()))
    }

    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self {
            properties: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        }
    }

    fn property(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }

    pub(super) fn exists(&self) -> bool {
        self.property("LoadState") != "not-found"
    }

    pub(super) fn is_masked(&self) -> bool {
        self.property("LoadState") == "masked"
            || matches!(self.file_state(), "masked" | "masked-runtime")
    }

    /// `active`, `inactive`, `failed`, `activating`, ...
    pub(super) fn active_state(&self) -> &str {
        self.property("ActiveState")
    }

    /// `enabled`, `disabled`, `static`, ...
    pub(super) fn file_state(&self) -> &str {
        self.property("UnitFileState")
    }

    pub(super) fn is_active(&self) -> bool {
        matches!(self.active_state(), "active" | "reloading")
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.active_state(), "inactive" | "failed" | "")
    }

    /// Whether its files have changed since systemd read them.
    pub(super) fn needs_daemon_reload(&self, host: &Host) -> Result<bool, Failure> {
        Ok(self.property("NeedDaemonReload") == "yes" || self.has_unread_drop_in(host)?)
    }

    /// Whether an administrator's drop-in is none that systemd has read: it does not look for directories that were
    /// made since it last read units, and so does not know that it needs to.
    fn has_unread_drop_in(&self, host: &Host) -> Result<bool, Failure> {
        let directory = Path::new("/etc/systemd/system").join(format!("{}.d", self.property("Id")));
        let read: Vec<_> = self.property("DropInPaths").split(' ').map(Path::new).collect();
        for name in host.read_dir(&directory)?.unwrap_or_default() {
            let path = directory.join(name);
            // A link may mask a drop-in of the same name, which is read as nothing.
            let is_file = |stat: Stat| stat.kind == FileKind::File;
            let is_drop_in = path.extension().is_some_and(|extension| extension == "conf");
            if is_drop_in && !read.contains(&path.as_path()) && host.stat(&path)?.is_some_and(is_file) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn to_value(&self) -> Value {
        let entries = self
            .properties
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        Value::Object(entries.collect::<Map<_, _>>())
    }
}

/// Whether the files of any loaded unit have changed since systemd read them.
pub(super) fn any_needs_daemon_reload(host: &Host) -> Result<bool, Failure> {
    let program = systemctl("show").args(["--property=NeedDaemonReload", "--", "*"]);
    let output = host.query(&program)?;
    if !output.success() {
        return Err(output.failure(&program));
    }
    Ok(output.stdout().lines().any(|line| line == "NeedDaemonReload=yes"))
}

/// What is registered about a unit that did not start: its status with the last lines of its journal.
pub(super) fn status(host: &Host, unit: &str) -> Output {
    let lines = format!("--lines={STATUS_LINES}");
    let program = systemctl("status").args(["--no-pager", "--full", &lines, "--", unit]);
    let mut output = Output::new();
    // It exits with 3 for a unit that is not running. Without it there is still systemctl's own message.
    if let Ok(answer) = host.query(&program) {
        let text = answer.stdout();
        let lines: Vec<String> = text
            .lines()
            .skip(text.lines().count().saturating_sub(STATUS_LINES))
            .map(|line| line.chars().take(STATUS_WIDTH).collect())
            .collect();
        output.insert("stdout".into(), lines.join("\n").into());
        output.insert("stdout_lines".into(), lines.into());
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_suffix_is_a_service() {
        assert_eq!(full_name("containerd"), "containerd.service");
        assert_eq!(full_name("docker.socket"), "docker.socket");
        assert_eq!(full_name("getty@tty1"), "getty@tty1.service");
        assert_eq!(full_name("org.example.thing"), "org.example.thing.service");
    }

    #[test]
    fn properties_are_read() {
        let text = "Id=ssh.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n";
        let unit = Unit::parse(text);
        assert!(unit.exists() && unit.is_active());
        assert!(!unit.is_masked() && !unit.is_stopped());
        let missing = Unit::parse("LoadState=not-found\nActiveState=inactive\nUnitFileState=\n");
        assert!(!missing.exists() && missing.is_stopped());
    }
}

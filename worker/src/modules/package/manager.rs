//! The package managers other than apt, as data: how each is asked and told.

use std::collections::BTreeMap;

use crate::host::{Host, Program, ProgramOutput};
use crate::plan::Failure;

/// A package manager.
pub(super) struct Manager {
    /// The program by which a host is known to have it.
    pub(super) program: &'static str,
    pub(super) query: Query,
    pub(super) install: &'static [&'static str],
    pub(super) upgrade: &'static [&'static str],
    pub(super) remove: &'static [&'static str],
    pub(super) outdated: Outdated,
}

/// How installed packages are asked for.
#[derive(Clone, Copy)]
pub(super) enum Query {
    Rpm,
    Apk,
}

/// How packages are asked for of which there is a newer version.
pub(super) struct Outdated {
    command: &'static [&'static str],
    /// The status that means that there are some; 0 is right as well.
    some: i32,
    /// The name of the package in a line, if it names one.
    name: fn(&str) -> Option<&str>,
}

const DNF_OUTDATED: Outdated = Outdated {
    command: &["dnf", "--quiet", "check-update"],
    some: 100,
    name: first_word_without_architecture,
};

/// The first that a host has is used: where there is dnf, yum is another name for it.
pub(super) static MANAGERS: [Manager; 4] = [
    Manager {
        program: "dnf",
        query: Query::Rpm,
        install: &["dnf", "--assumeyes", "--quiet", "install"],
        upgrade: &["dnf", "--assumeyes", "--quiet", "upgrade"],
        remove: &["dnf", "--assumeyes", "--quiet", "remove"],
        outdated: DNF_OUTDATED,
    },
    Manager {
        program: "yum",
        query: Query::Rpm,
        install: &["yum", "--assumeyes", "--quiet", "install"],
        upgrade: &["yum", "--assumeyes", "--quiet", "upgrade"],
        remove: &["yum", "--assumeyes", "--quiet", "remove"],
        outdated: Outdated {
            command: &["yum", "--quiet", "check-update"],
            ..DNF_OUTDATED
        },
    },
    Manager {
        program: "zypper",
        query: Query::Rpm,
        install: &["zypper", "--non-interactive", "--quiet", "install"],
        upgrade: &["zypper", "--non-interactive", "--quiet", "update"],
        remove: &["zypper", "--non-interactive", "--quiet", "remove"],
        outdated: Outdated {
            command: &["zypper", "--non-interactive", "--quiet", "list-updates"],
            some: 0,
            name: third_column,
        },
    },
    Manager {
        program: "apk",
        query: Query::Apk,
        install: &["apk", "--no-progress", "add"],
        upgrade: &["apk", "--no-progress", "add", "--upgrade"],
        remove: &["apk", "--no-progress", "del"],
        outdated: Outdated {
            command: &["apk", "version", "-l", "<"],
            some: 0,
            name: first_word_without_version,
        },
    },
];

/// `curl.x86_64   7.76.1-29.el9   baseos`
fn first_word_without_architecture(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let (name, _) = words.next()?.rsplit_once('.')?;
    (words.count() == 2).then_some(name)
}

/// `v | repo-oss | curl | 8.0.1-1.1 | 8.6.0-1.1 | x86_64`
fn third_column(line: &str) -> Option<&str> {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    (columns.len() == 6 && columns[0] == "v").then(|| columns[2])
}

/// `curl-8.5.0-r0   < 8.9.0-r1`
fn first_word_without_version(line: &str) -> Option<&str> {
    let (package, _) = line.split_once('<')?;
    let (rest, _release) = package.trim().rsplit_once('-')?;
    let (name, _version) = rest.rsplit_once('-')?;
    Some(name)
}

impl Manager {
    /// The one that `host` has.
    pub(super) fn of(host: &Host) -> Option<&'static Self> {
        MANAGERS
            .iter()
            .find(|manager| host.which(manager.program).is_some())
    }

    /// The versions of those packages that are installed. What is provided by another package is installed too,
    /// if `or_provided`.
    pub(super) fn installed(
        &self,
        host: &Host,
        names: &[String],
        or_provided: bool,
    ) -> Result<BTreeMap<String, String>, Failure> {
        match self.query {
            Query::Apk => apk_installed(host, names),
            Query::Rpm => {
                let mut installed = rpm_installed(host, names, &[])?;
                let missing = |name: &&String| !installed.contains_key(*name);
                let missing: Vec<String> = names.iter().filter(missing).cloned().collect();
                if or_provided && !missing.is_empty() {
                    installed.extend(rpm_installed(host, &missing, &["--whatprovides"])?);
                }
                Ok(installed)
            }
        }
    }

    /// Those of the packages of which there is a newer version.
    pub(super) fn outdated(&self, host: &Host, names: &[String]) -> Result<Vec<String>, Failure> {
        let program = command(self.outdated.command);
        let output = host.query(&program)?;
        if !output.success() && output.rc != self.outdated.some {
            return Err(output.failure(&program));
        }
        let text = output.stdout();
        let outdated: Vec<&str> = text.lines().filter_map(self.outdated.name).collect();
        let is_outdated = |name: &&String| outdated.contains(&name.as_str());
        Ok(names.iter().filter(is_outdated).cloned().collect())
    }
}

/// The program that begins with `words`.
pub(super) fn command(words: &[&str]) -> Program {
    Program::default().args(words).env("LC_ALL", "C")
}

/// Asks for one package a time: what rpm answers does not say which question it belongs to, since a package
/// can be asked for by a name that is not its own. rpm is quick.
fn rpm_installed(
    host: &Host,
    names: &[String],
    options: &[&str],
) -> Result<BTreeMap<String, String>, Failure> {
    const FORMAT: &str = "--queryformat=%{VERSION}-%{RELEASE}\n";
    let mut installed = BTreeMap::new();
    for name in names {
        let program = command(&["rpm", "-q", FORMAT]).args(options).args(["--", name]);
        let output = host.query(&program)?;
        // There may be more than one, as with kernels. The last is the newest.
        let version = output.stdout().lines().last().map(str::to_owned);
        if let Some(version) = version.filter(|_| output.success()) {
            installed.insert(name.clone(), version);
        }
    }
    Ok(installed)
}

fn apk_installed(host: &Host, names: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let program = command(&["apk", "info", "-e"]).args(names);
    // It exits with 1 if any is missing, and prints those that are not.
    let ProgramOutput { stdout, .. } = host.query(&program)?;
    Ok(String::from_utf8_lossy(&stdout)
        .lines()
        .map(|name| (name.trim().to_owned(), "present".to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_name_a_newer_version_are_understood() {
        let dnf = first_word_without_architecture;
        assert_eq!(dnf("python3.11.x86_64  3.11.7-1.el9  appstream"), Some("python3.11"));
        assert_eq!(dnf("Obsoleting Packages"), None);
        let zypper = third_column;
        assert_eq!(zypper("v | oss | curl | 8.0.1 | 8.6.0 | x86_64"), Some("curl"));
        assert_eq!(zypper("S | Repository | Name | Current | Available | Arch"), None);
        let apk = first_word_without_version;
        assert_eq!(apk("ca-certificates-20230506-r0  < 20240226-r0"), Some("ca-certificates"));
        assert_eq!(apk("Installed:   Available:"), None);
    }
}

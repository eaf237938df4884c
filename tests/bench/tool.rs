//! Who does the work: `provision` and others.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;

use crate::figures::Phase;
use crate::site::Site;

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Tool {
    Provision,
    SshTrue,
    Shell,
    Pyinfra,
    Mitogen,
    Ansible,
}

impl Tool {
    pub(crate) const ALL: [Self; 6] = [
        Self::Provision,
        Self::SshTrue,
        Self::Shell,
        Self::Pyinfra,
        Self::Mitogen,
        Self::Ansible,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::SshTrue => "ssh true",
            Self::Shell => "shell",
            Self::Pyinfra => "pyinfra",
            Self::Mitogen => "mitogen",
            Self::Ansible => "ansible",
        }
    }

    /// What the tables call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Provision => "`provision`",
            Self::SshTrue => "`ssh HOST true`, all at once",
            Self::Shell => "one shell script over `ssh`, all at once",
            Self::Pyinfra => "pyinfra",
            Self::Mitogen => "Ansible with mitogen",
            Self::Ansible => "Ansible, pipelining",
        }
    }

    /// Whether it does the work at all.
    pub(crate) fn changes_hosts(self) -> bool {
        self != Self::SshTrue
    }

    /// Whether it takes seconds and not minutes.
    pub(crate) fn is_quick(self) -> bool {
        matches!(self, Self::Provision | Self::SshTrue | Self::Shell)
    }

    /// Beyond so many hosts it is run only when it is asked for: it takes too many minutes.
    pub(crate) fn most_hosts(self) -> usize {
        match self {
            Self::Ansible | Self::Mitogen => 10,
            _ => usize::MAX,
        }
    }

    pub(crate) fn command(self, site: &Site, phase: Phase) -> Command {
        let count = site.hosts().len().to_string();
        let mut command = match self {
            Self::Provision => {
                let mut command = Command::new(provision());
                command.args(["-i", "inventory.yaml", "nodeprep.yaml"]);
                command
            }
            Self::SshTrue => Command::new(site.path("ssh-true")),
            Self::Shell => {
                let mut command = Command::new(site.path("shell-run"));
                command.arg(phase.name());
                command
            }
            Self::Pyinfra => {
                let mut command = Command::new(peers().join("bin/pyinfra"));
                command.args(["-y", "--parallel", &count, "hosts.py", "deploy.py"]);
                command
            }
            Self::Ansible | Self::Mitogen => {
                let mut command = Command::new(peers().join("bin/ansible-playbook"));
                command.args(["-f", &count, "-i", "inventory.yaml", "nodeprep.yaml"]);
                command.env("ANSIBLE_CONFIG", site.path("ansible.cfg"));
                command
            }
        };
        if self == Self::Mitogen {
            command.env("ANSIBLE_STRATEGY", "mitogen_linear");
            command.env("ANSIBLE_STRATEGY_PLUGINS", peers().join("mitogen"));
        }
        command
            .current_dir(site.path(""))
            .env("HOME", site.path(""))
            .env("LC_ALL", "C.UTF-8")
            .env_remove("XDG_STATE_HOME")
            .env_remove("SSH_AUTH_SOCK");
        command
    }

    /// Whether it says of every host that nothing was changed.
    pub(crate) fn changed_nothing(self, output: &str, hosts: usize) -> bool {
        let lines = |text: &str| output.lines().filter(|line| line.contains(text)).count();
        match self {
            Self::SshTrue => true,
            // It tells of hosts that fared alike in one line.
            Self::Provision => lines("changed=0 ") > 0 && lines("changed=0 ") == lines("changed="),
            Self::Ansible | Self::Mitogen => {
                lines("changed=0 ") == hosts && lines("changed=") == hosts
            }
            Self::Shell => lines("changed=0") == hosts && lines("changed:") == 0,
            Self::Pyinfra => {
                let total = output
                    .lines()
                    .find_map(|line| line.trim().strip_prefix("Grand total"));
                let total: Vec<_> = total.unwrap_or_default().split_whitespace().collect();
                matches!(total[..], [all, "-", "-", unchanged] if all == unchanged)
            }
        }
    }

    /// What it says of its version.
    fn version(self) -> Result<String, Box<dyn Error>> {
        let (program, argument): (PathBuf, _) = match self {
            Self::Provision => (provision(), "--version"),
            Self::SshTrue => ("ssh".into(), "-V"),
            Self::Shell => return Ok("dash".into()),
            Self::Pyinfra => (peers().join("bin/pyinfra"), "--version"),
            Self::Ansible => (peers().join("bin/ansible-playbook"), "--version"),
            Self::Mitogen => {
                let output = Command::new(peers().join("bin/pip"))
                    .args(["show", "mitogen"])
                    .output()?;
                let output = String::from_utf8(output.stdout)?;
                let version = output
                    .lines()
                    .find_map(|line| line.strip_prefix("Version: "));
                return Ok(format!("mitogen {}", version.ok_or("no mitogen")?));
            }
        };
        let output = Command::new(program).arg(argument).output()?;
        let text = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// Versions of all that is compared.
pub(crate) fn versions(tools: &[Tool]) -> Result<Vec<String>, Box<dyn Error>> {
    Tool::ALL
        .into_iter()
        .filter(|tool| tools.is_empty() || tools.contains(tool))
        .map(Tool::version)
        .collect()
}

/// The program; `PROVISION` names another build.
fn provision() -> PathBuf {
    let program = std::env::var_os("PROVISION");
    program.map_or_else(|| env!("CARGO_BIN_EXE_provision").into(), Into::into)
}

/// Where the other tools are.
fn peers() -> PathBuf {
    let directory = std::env::var_os("BENCH_DIR");
    let directory = directory.map_or_else(|| "/var/tmp/provision-bench".into(), PathBuf::from);
    directory.join("peers")
}

/// Installs the other tools unless that was done before.
pub(crate) fn install() -> Result<(), Box<dyn Error>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/install-peers");
    let status = Command::new(program)
        .arg(peers())
        .stdin(Stdio::null())
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("the other tools cannot be installed: {status}").into())
}

//! The hosts: those of the lab, with Python for the tools that need it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the other tools and the workload need of a host beyond the lab's base.
const PACKAGES: &str = "python3,python3-apt,curl,openssl,cron,logrotate";

/// So many boot at once. Where too many do, a unit of one may wait too long for the others and fail.
const TOGETHER: usize = 10;

/// A host's first login after a reset makes it warm, as the others are.
const WARM: &str = "true";

/// Lists what the workload leaves behind: kinds, modes, owners, links, and what is in files.
const STATE: &str = r#"export LC_ALL=C; cd /
paths="etc/kubernetes etc/cni opt/cni etc/containerd etc/haproxy etc/systemd/system/kubelet.service.d
etc/systemd/system/kubelet.service etc/systemd/system/etcd.service etc/crictl.yaml etc/etcd.env etc/modules-load.d
etc/sysctl.d etc/security/limits.d etc/logrotate.d/kube etc/cron.d/kube-cleanup etc/hosts etc/fstab etc/login.defs
etc/profile etc/bash.bashrc usr/local/bin var/lib/etcd var/lib/kubelet var/log/kube home/kubeadmin"
find $paths -printf '%y %m %U:%G %l %p\n' | sort -k5
find $paths -type f ! -name node-id | sort | xargs sha256sum
grep -E '^(kube|etcd)' etc/passwd etc/group
ls run/*-reloaded run/*-restarted"#;

/// Hosts of the lab, which go down with this.
pub(crate) struct Lab {
    directory: PathBuf,
    bridge: String,
    net: String,
    hosts: Vec<Host>,
    inventory: tempfile::NamedTempFile,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Lab {
    /// Brings up `count` hosts from number `first` on.
    pub(crate) fn up(first: usize, count: usize) -> Result<Self, Box<dyn Error>> {
        let setting = |name, value: &str| std::env::var(name).unwrap_or_else(|_| value.to_owned());
        let net = setting("LAB_NET", "10.199.0");
        let hosts = (first..first + count)
            .map(|number| Host {
                number,
                name: format!("h{number}"),
                address: format!("{net}.{}", number + 10),
            })
            .collect();
        let lab = Self {
            directory: setting("LAB_DIR", "/var/tmp/provision-lab").into(),
            bridge: setting("LAB_BRIDGE", "labbr0"),
            net,
            hosts,
            inventory: tempfile::NamedTempFile::new()?,
        };
        for together in lab.hosts.chunks(TOGETHER) {
            let (count, first) = (together.len(), together[0].number);
            lab.run(&["up", &count.to_string(), "--first", &first.to_string()])?;
        }
        Ok(lab)
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.directory.join("key")
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.directory.join("known_hosts")
    }

    pub(crate) fn bridge(&self) -> &str {
        &self.bridge
    }

    /// The first three bytes of the hosts' network.
    pub(crate) fn net(&self) -> &str {
        &self.net
    }

    /// Makes hosts as new.
    pub(crate) fn reset(&self, hosts: &[Host]) -> Result<(), Box<dyn Error>> {
        for together in hosts.chunks(TOGETHER) {
            let names = together.iter().map(|host| host.name.as_str());
            let reset: Vec<_> = ["reset"].into_iter().chain(names).collect();
            self.run(&reset)?;
        }
        for host in hosts {
            self.exec(host, WARM)?;
        }
        Ok(())
    }

    /// What is on a host of all that the workload touches.
    pub(crate) fn state(&self, host: &Host) -> Result<String, Box<dyn Error>> {
        let output = self.exec(host, STATE)?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(String::from_utf8_lossy(&output.stderr).into())
    }

    fn exec(&self, host: &Host, script: &str) -> Result<Output, Box<dyn Error>> {
        let output = self.ssh(host).arg(script).stdin(Stdio::null()).output()?;
        Ok(output)
    }

    /// The stock client, to be given a command.
    pub(crate) fn ssh(&self, host: &Host) -> Command {
        let mut command = Command::new("ssh");
        command
            .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-i"])
            .arg(self.key())
            .arg("-o")
            .arg(format!(
                "UserKnownHostsFile={}",
                self.known_hosts().display()
            ))
            .arg(format!("root@{}", host.address));
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab");
        let output = Command::new(program)
            .args(arguments)
            .env("LAB_PACKAGES", PACKAGES)
            .env("LAB_INVENTORY", self.inventory.path())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("lab {}: {}", arguments.join(" "), output.status).into())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let names = self.hosts.iter().map(|host| host.name.as_str());
        let arguments: Vec<_> = ["down"].into_iter().chain(names).collect();
        if let Err(error) = self.run(&arguments) {
            println!("{error}");
        }
    }
}

//! The hosts: those of the lab, with Python for the tools that need it.

use std::env;
use std::process::Command;

use crate::common::command::output;
use crate::common::lab::{address, all, name, on};

/// What the other tools and the workload need of a host beyond the lab's base.
const PACKAGES: &str = "python3,python3-apt,curl,openssl,cron,logrotate";

/// So many boot at once. Where too many do, a unit of one may wait too long for the others and fail.
const TOGETHER: usize = 10;

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
    hosts: Vec<Host>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) number: u8,
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Lab {
    /// Brings up `count` hosts from number `first` on.
    pub(crate) fn up(first: u8, count: usize) -> Self {
        let hosts = (first..).take(count).map(|number| Host {
            number,
            name: name(number),
            address: address(number),
        });
        let lab = Self {
            hosts: hosts.collect(),
        };
        for together in lab.hosts.chunks(TOGETHER) {
            let (count, first) = (together.len(), together[0].number);
            let [count, first] = [count.to_string(), first.to_string()];
            let mut up = Command::new("tests/lab/lab");
            up.args(["up", &count, "--first", &first]);
            output(up.env("LAB_PACKAGES", PACKAGES));
        }
        lab
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }
}

/// The bridge between this machine and the hosts, and the name of their cgroup.
pub(crate) fn bridge() -> String {
    env::var("LAB_BRIDGE").unwrap_or_else(|_| "labbr0".to_owned())
}

/// Makes hosts as new.
pub(crate) fn reset(hosts: &[Host]) {
    for together in hosts.chunks(TOGETHER) {
        all("reset", &names(together));
    }
    // The first login makes a host warm, as the others are.
    for host in hosts {
        on(&host.name, "true");
    }
}

/// What is on a host of all that the workload touches.
pub(crate) fn state(host: &Host) -> String {
    on(&host.name, STATE)
}

fn names(hosts: &[Host]) -> Vec<String> {
    hosts.iter().map(|host| host.name.clone()).collect()
}

impl Drop for Lab {
    fn drop(&mut self) {
        all("down", &names(&self.hosts));
    }
}

//! What the worker finds out about its host before it is asked anything.
//!
//! Everything is read from files and the kernel, nothing by running a program, so that it costs about a
//! millisecond. What a host does not tell is `null`; gathering never fails.
//!
//! | Fact | Meaning |
//! |---|---|
//! | `hostname` | The kernel's host name. |
//! | `fqdn` | The first name with a dot that `/etc/hosts` gives the host, else `hostname`. |
//! | `machine_id` | `/etc/machine-id`. |
//! | `architecture` | The machine as the kernel calls it: `x86_64`, `aarch64`. |
//! | `deb_architecture` | The same as Debian and container images call it: `amd64`, `arm64`. |
//! | `kernel` | `release`, and its numbers `major` and `minor`. |
//! | `os` | `id`, `id_like` (list), `version_id`, `version_codename`, `name` and `pretty_name` of `os-release`, and `family`: `debian`, `redhat`, `suse`, `alpine`, `arch`. |
//! | `init` | The program that started the host: `systemd`, `openrc`, or the name of process 1. |
//! | `service_manager` | What starts services: `systemd`, `openrc`, `sysvinit`. |
//! | `systemd_version` | The number of the installed systemd, even if it is not running. |
//! | `package_manager` | `apt`, `dnf`, `yum`, `zypper`, `apk`, `pacman`. |
//! | `cgroup` | `version` (1 or 2), `hybrid` (version 1 with the unified hierarchy beside it), `controllers` (list), `init` as above, `kubepods` (list: which of `kubepods.slice` and `kubepods` are there), and `driver`, which pods have been run with: `systemd`, `cgroupfs`, `both`, or `null` where there were none. |
//! | `memory_mb`, `swap_mb` | Sizes in MiB. |
//! | `cpus` | How many processors are online. |
//! | `virtualization` | `docker`, `podman`, `lxc`, `systemd-nspawn`, `kvm`, `vmware`, `hyperv`, `virtualbox`, `xen`; `null` on bare metal, or if nothing tells. |
//! | `selinux` | `enforcing`, `permissive`, `disabled`. |
//! | `interfaces` | By name: `mac`, `mtu`, `up`, and `ipv4` and `ipv6`, lists of `address` and `prefix`. |
//! | `default_ipv4` | `interface`, `gateway` and the host's own `address` of the default route. |
//! | `dns` | `nameservers` and `search` of `/etc/resolv.conf`. |
//! | `mounts` | List of `device`, `path`, `fstype`, `options` (list): file systems on devices and of the network, and the root. Bind mounts are left out. |
//! | `user` | `name`, `uid`, `home`, `shell` of whom the worker runs as. |
//! | `date_time` | `epoch`: the host's clock in seconds since 1970. |
//! | `uptime_seconds` | How long the host has been up. |

mod cgroup;
mod files;
mod hardware;
mod mounts;
mod netlink;
mod network;
mod os;
mod services;
mod system;
#[cfg(test)]
mod tests;
mod user;

use std::path::Path;

use serde_json::{Map, Value};

use self::files::Files;
use self::netlink::Interface;

/// The facts of the host whose files are below `root`. Network interfaces and the user are those of this
/// process, whatever the root.
pub fn gather(root: &Path) -> Value {
    gather_with(
        &Files::below(root),
        &netlink::interfaces().unwrap_or_default(),
    )
}

fn gather_with(files: &Files, interfaces: &[Interface]) -> Value {
    let mut facts = Map::new();
    system::gather(files, &mut facts);
    os::gather(files, &mut facts);
    services::gather(files, &mut facts);
    cgroup::gather(files, &mut facts);
    hardware::gather(files, &mut facts);
    network::gather(files, interfaces, &mut facts);
    mounts::gather(files, &mut facts);
    user::gather(files, &mut facts);
    Value::Object(facts)
}

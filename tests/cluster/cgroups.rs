//! Whose cgroups pods are in. Must not know what is tested.

use crate::common::lab::{on, wait_until};

/// What the runtime says about its cgroup driver.
const CONTAINERD: &str =
    "containerd config dump | grep -q 'SystemdCgroup = true' && echo systemd || echo cgroupfs";
const DOCKER: &str = "docker info --format '{{.CgroupDriver}}'";

/// The kubelet makes a pod's cgroup, the runtime those of its containers. Only where both use the driver asked for do
/// all of a host's containers lie in pods, and pods in the one tree that goes with the driver.
pub(crate) fn assert_one_driver(host: &str, engine: &str, driver: &str) {
    let runtime = match engine {
        "containerd" => CONTAINERD,
        "docker" => DOCKER,
        _ => panic!("no question is known for {engine}"),
    };
    assert_eq!(on(host, runtime).trim(), driver, "{engine} on {host}");

    let (tree, other) = match driver {
        "systemd" => ("kubepods.slice", "kubepods"),
        _ => ("kubepods", "kubepods.slice"),
    };
    on(host, &format!("test ! -d /sys/fs/cgroup/memory/{other}"));
    // A container that has just ended has left its cgroup already.
    wait_until(
        host,
        &format!(
            "containers=$(crictl ps -q)
             test -n \"$containers\" || exit 1
             for container in $containers; do
               find /sys/fs/cgroup/memory/{tree} -type d -path \"*/*pod*/*$container*\" | grep -q . || exit 1
             done"
        ),
    );
}

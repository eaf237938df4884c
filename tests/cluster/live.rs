//! What is changed below running pods, one node after the other: on the cluster of one control plane and two workers.

use std::collections::BTreeMap;

use crate::cgroups::assert_one_driver;
use crate::cluster::Cluster;
use crate::common::lab::on;
use crate::pods;
use crate::small::converged;

const SWITCH_ENGINE: &str = "playbooks/switch-engine.yaml";
const CGROUP_DRIVER: &str = "playbooks/cgroup-driver.yaml";

/// The ordinary playbook refuses these variables on live nodes, names the one that is for it, and changes nothing.
#[track_caller]
fn assert_refused(cluster: &Cluster, variables: &str, playbook: &str) {
    let refused = cluster.provision(&["--extra-vars", variables]);
    refused.assert_code(2);
    assert!(refused.stdout.contains(playbook), "{}", refused.stdout);
    assert_eq!(refused.changes(), BTreeMap::new());
}

/// All nodes take pods, with this engine and this driver, and a run with these variables finds nothing to do.
#[track_caller]
fn assert_whole(cluster: &Cluster, variables: &str, engine: &str, driver: &str) {
    cluster.assert_ready();
    let unschedulable = cluster
        .kubectl("get nodes -o jsonpath='{.items[?(@.spec.unschedulable==true)].metadata.name}'");
    assert_eq!(unschedulable, "");
    for [name, _, runtime] in cluster.wide() {
        assert!(
            runtime.starts_with(&format!("{engine}://")),
            "{name}: {runtime}"
        );
        assert_one_driver(&name, engine, driver);
    }
    let run = cluster.provision(&["--extra-vars", variables]);
    run.assert_code(0);
    assert_eq!(run.changes(), BTreeMap::new());
}

#[test]
fn the_cgroup_driver_of_live_nodes_is_changed_and_changed_back() {
    let cluster = converged();
    let systemd = "{cgroup_driver: systemd, allow_control_plane_outage: true}";
    let cgroupfs = "{allow_control_plane_outage: true}";
    assert_refused(&cluster, systemd, CGROUP_DRIVER);

    cluster
        .play(CGROUP_DRIVER, &["--extra-vars", systemd])
        .assert_code(0);
    assert_whole(&cluster, systemd, "containerd", "systemd");
    pods::assert_work(&cluster, "containerd");

    assert_refused(&cluster, cgroupfs, CGROUP_DRIVER);
    cluster
        .play(CGROUP_DRIVER, &["--extra-vars", cgroupfs])
        .assert_code(0);
    assert_whole(&cluster, cgroupfs, "containerd", "cgroupfs");
}

#[test]
fn the_engine_of_live_nodes_is_changed_and_changed_back() {
    let cluster = converged();
    let docker = "{container_manager: docker, allow_control_plane_outage: true}";
    let containerd = "{allow_control_plane_outage: true}";
    assert_refused(&cluster, docker, SWITCH_ENGINE);

    // Docker is there, but nobody has this cri-dockerd: the node is as it was, but for new pods.
    let worker = &cluster.workers[0];
    let failed = cluster.play(
        SWITCH_ENGINE,
        &[
            "--limit",
            worker,
            "--extra-vars",
            "{container_manager: docker, cri_dockerd_version: 0.0.1}",
        ],
    );
    failed.assert_code(2);
    for word in ["containerd runs again", "still cordoned", "no checksum of"] {
        assert!(
            failed.stdout.contains(word),
            "it does not say `{word}`:\n{}",
            failed.stdout
        );
    }
    cluster.assert_ready();
    on(
        worker,
        "! systemctl is-active docker && ! systemctl is-enabled docker",
    );
    let node = format!(
        "get node {worker} -o jsonpath='{{.spec.unschedulable}} {{.status.nodeInfo.containerRuntimeVersion}}'"
    );
    let said = cluster.kubectl(&node);
    assert!(said.starts_with("true containerd://"), "{said}");

    // The only control plane is not stopped unasked.
    let refused = cluster.play(
        SWITCH_ENGINE,
        &[
            "--limit",
            &cluster.control_planes[0],
            "--extra-vars",
            "{container_manager: docker}",
        ],
    );
    refused.assert_code(2);
    assert!(
        refused.stdout.contains("allow_control_plane_outage"),
        "{}",
        refused.stdout
    );
    let control_plane = &cluster.control_planes[0];
    let said = cluster.kubectl(&format!(
        "get node {control_plane} -o jsonpath='{{.spec.unschedulable}}'"
    ));
    assert_eq!(said, "");

    cluster
        .play(SWITCH_ENGINE, &["--extra-vars", docker])
        .assert_code(0);
    assert_whole(&cluster, docker, "docker", "cgroupfs");
    pods::assert_work(&cluster, "docker");

    assert_refused(&cluster, containerd, SWITCH_ENGINE);
    cluster
        .play(SWITCH_ENGINE, &["--extra-vars", containerd])
        .assert_code(0);
    assert_whole(&cluster, containerd, "containerd", "cgroupfs");
    let again = cluster.play(SWITCH_ENGINE, &["--extra-vars", containerd]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
}

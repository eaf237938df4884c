//! One control plane and two workers.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cgroups::assert_one_driver;
use crate::cluster::{Cluster, LABEL, Layout};
use crate::common::lab::{on, wait_until};
use crate::pods;

const MANIFEST: &str = "/etc/kubernetes/manifests/kube-scheduler.yaml";
const NETWORK: &str = "/etc/cni/net.d/10-provision-bridge.conflist";

/// The hosts in whatever state they are.
fn taken() -> Cluster {
    let layout = Layout {
        control_planes: 1,
        workers: 2,
        etcd: 0,
    };
    Cluster::take(0, layout, &json!({}))
}

/// The hosts after a successful run.
pub(crate) fn converged() -> Cluster {
    let cluster = taken();
    cluster.provision(&[]).assert_code(0);
    cluster.assert_ready();
    cluster
}

#[test]
fn bare_hosts_become_a_cluster_and_a_second_run_changes_nothing() {
    let cluster = taken();
    cluster.reset();

    let first = cluster.provision(&[]);
    first.assert_code(0);
    cluster.assert_ready();
    for (node, host) in cluster.wide().iter().zip(cluster.nodes()) {
        let [name, version, runtime] = node;
        assert_eq!(*name, host);
        assert_eq!(*version, cluster.kube_version(), "{name}");
        assert!(runtime.starts_with("containerd://"), "{name}: {runtime}");
        assert_one_driver(name, "containerd", "cgroupfs");
    }

    let second = cluster.provision(&[]);
    second.assert_code(0);
    assert_eq!(second.changes(), BTreeMap::new());
    for host in cluster.hosts() {
        assert_ne!(first.recap(&host, "changed"), 0);
        assert_eq!(second.recap(&host, "changed"), 0, "{host}");
    }
}

#[test]
fn pods_of_all_nodes_reach_each_other_and_services() {
    let cluster = converged();
    pods::assert_work(&cluster, "containerd");
}

#[test]
fn drift_is_announced_and_repaired() {
    let cluster = converged();
    let control_plane = &cluster.control_planes[0];
    let [drifted, untouched] = [&cluster.workers[0], &cluster.workers[1]];
    let label = || {
        cluster.kubectl(&format!(
            "get nodes -l {LABEL}=r1 -o jsonpath='{{.items[*].metadata.name}}'"
        ))
    };
    let labelled = cluster.workers.join(" ");
    assert_eq!(label(), labelled);
    let file = |host: &str, path: &str| on(host, &format!("cat {path}"));
    let files = [
        (control_plane, MANIFEST),
        (drifted, "/var/lib/kubelet/config.yaml"),
        (drifted, NETWORK),
    ];
    let before = files.map(|(host, path)| file(host, path));

    cluster.kubectl(&format!("label node {drifted} {LABEL}-"));
    on(
        control_plane,
        &format!(
            r"sed -i '/^ *- kube-scheduler$/a\    - --v=3' {MANIFEST}; grep -q -e --v=3 {MANIFEST}"
        ),
    );
    on(
        drifted,
        &format!(
            r#"sed -i '/^maxPods:/d' /var/lib/kubelet/config.yaml
            echo 'maxPods: 7' >>/var/lib/kubelet/config.yaml
            sed -i 's/"hairpinMode": true/"hairpinMode": false/' {NETWORK}
            systemctl restart kubelet
            systemctl stop containerd"#
        ),
    );
    let drift = files.map(|(host, path)| file(host, path));

    let check = cluster.provision(&["--check"]);
    check.assert_code(0);
    let announced = check.changes();
    let hosts: Vec<_> = announced.keys().collect();
    assert_eq!(hosts, [control_plane, drifted], "{announced:?}");
    // What a command would do is announced by the name of its task.
    let would = check.changing();
    for (host, task) in [
        (
            control_plane,
            "the control plane is as kubeadm would make it",
        ),
        (
            drifted,
            "the kubelet's configuration is the cluster's, with what is this host's",
        ),
        (drifted, "labels that would be changed"),
        (drifted, "the configuration of the pod network"),
        (drifted, "containerd runs, now and after the next start"),
    ] {
        assert!(
            would[host].iter().any(|name| name == task),
            "{host}: `{task}` is not in {would:?}"
        );
    }
    assert_eq!(check.recap(untouched, "changed"), 0);
    // Nothing of it was done.
    assert_eq!(files.map(|(host, path)| file(host, path)), drift);
    assert_eq!(
        on(drifted, "systemctl is-active containerd || true"),
        "inactive\n"
    );
    assert_ne!(label(), labelled);

    cluster.provision(&[]).assert_code(0);
    cluster.assert_ready();
    assert_eq!(files.map(|(host, path)| file(host, path)), before);
    assert_eq!(label(), labelled);
    assert_eq!(on(drifted, "systemctl is-active containerd"), "active\n");
    // Kubelet and static pod have read it.
    let pods = cluster.kubectl(&format!(
        "get node {drifted} -o jsonpath={{.status.capacity.pods}}"
    ));
    assert_ne!(pods, "7");
    wait_until(
        control_plane,
        "pgrep -f '^kube-scheduler ' && ! pgrep -f '^kube-scheduler .*--v=3'",
    );

    let again = cluster.provision(&[]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
}

#[test]
fn another_version_than_the_clusters_is_refused_before_any_change() {
    let cluster = converged();
    // Nothing has this sum, but it would be asked for later only.
    let sum = format!("sha256:{}", "0".repeat(64));
    let version = cluster.kube_version();
    let (minor, patch) = version[1..].rsplit_once('.').expect("a patch release");
    let patch: u32 = patch.parse().expect("a number");
    let newer = format!("{minor}.{}", patch + 1);
    let mut variables = json!({"kube_version": newer});
    for program in ["kubeadm", "kubelet", "kubectl"] {
        variables[format!("{program}_checksums")] = json!({"amd64": {&newer: &sum}});
    }
    let variables = variables.to_string();

    // Tags can leave preflight out.
    let control_plane = &cluster.control_planes;
    for (tags, asked) in [
        (&[][..], &cluster.hosts()),
        (&["--tags", "node"], &cluster.hosts()),
        (&["--tags", "control_plane"], control_plane),
    ] {
        let refused = cluster.provision(&[&["--extra-vars", &variables], tags].concat());
        refused.assert_code(2);
        for host in asked {
            let said = format!("{host} runs Kubernetes {version}");
            assert!(refused.stdout.contains(&said), "{}", refused.stdout);
        }
        assert_eq!(refused.changes(), BTreeMap::new());
    }
    let after = cluster.provision(&[]);
    after.assert_code(0);
    assert_eq!(after.changes(), BTreeMap::new());
}

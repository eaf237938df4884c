//! One control plane and two workers.

use std::collections::BTreeMap;
use std::fs::File;

use crate::cluster::{Cluster, LABEL, kubectl};
use crate::lab::{lab, on, on_with, wait_until};

const IMAGE: &str = "docker.io/library/busybox:lab";

/// The hosts in whatever state they are.
fn taken() -> Cluster {
    Cluster::take(0, 1, 2)
}

/// The hosts after a successful run.
fn converged() -> Cluster {
    let cluster = taken();
    cluster.provision(&[]).assert_code(0);
    assert_ready(&cluster);
    cluster
}

/// Waits until every host is a node that takes pods.
fn assert_ready(cluster: &Cluster) {
    let nodes = cluster.hosts().join(" ");
    wait_until(
        &cluster.control_planes[0],
        &kubectl(&format!(
            "wait --for=condition=Ready --timeout=10s node {nodes}"
        )),
    );
}

#[test]
fn bare_hosts_become_a_cluster_and_a_second_run_changes_nothing() {
    let cluster = taken();
    cluster.reset();

    let first = cluster.provision(&[]);
    first.assert_code(0);
    assert_ready(&cluster);
    let nodes = cluster.kubectl(
        "get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.nodeInfo.kubeletVersion}{\"\\n\"}{end}'",
    );
    let expected: Vec<_> = cluster
        .hosts()
        .iter()
        .map(|host| format!("{host} {}", cluster.kube_version()))
        .collect();
    assert_eq!(nodes.lines().collect::<Vec<_>>(), expected);

    let second = cluster.provision(&[]);
    second.assert_code(0);
    assert_eq!(second.changes(), BTreeMap::new());
    for host in cluster.hosts() {
        assert_ne!(first.recap(&host, "changed"), 0);
        assert_eq!(second.recap(&host, "changed"), 0, "{host}");
    }
}

#[test]
fn kubelet_and_runtime_have_one_cgroup_driver() {
    let cluster = converged();
    for host in cluster.hosts() {
        // The kubelet makes a pod's cgroup, the runtime those of its containers. Only with one driver do these lie in it.
        let outside = on(
            &host,
            "test -d /sys/fs/cgroup/memory/kubepods
             test -n \"$(ctr -n k8s.io tasks ls -q)\"
             for container in $(ctr -n k8s.io tasks ls -q); do
               found=$(find /sys/fs/cgroup/memory/kubepods -path \"*/pod*/$container\")
               test -n \"$found\" || echo \"$container\"
             done",
        );
        assert_eq!(outside, "", "containers outside of their pods on {host}");
        let runtime = on(&host, "containerd config dump | grep SystemdCgroup");
        assert_eq!(runtime.trim(), "SystemdCgroup = false");
        let kubelet = cluster.kubectl(&format!(
            "get --raw /api/v1/nodes/{host}/proxy/configz | grep -o '\"cgroupDriver\":\"[a-z]*\"'"
        ));
        assert_eq!(kubelet.trim(), "\"cgroupDriver\":\"cgroupfs\"");
    }
}

#[test]
fn pods_reach_each_other_and_find_services_by_name() {
    let cluster = converged();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("busybox.tar");
    lab(&["image", archive.to_str().expect("UTF-8"), IMAGE]);
    for worker in &cluster.workers {
        let archive = File::open(&archive).expect("the image");
        on_with(worker, "ctr -n k8s.io images import -", archive);
    }

    cluster.kubectl("delete pod here there --ignore-not-found --now");
    for (pod, node) in [
        ("here", &cluster.workers[0]),
        ("there", &cluster.workers[1]),
    ] {
        let specification = format!(
            r#"{{"spec": {{"nodeName": "{node}", "containers": [{{"name": "{pod}", "image": "{IMAGE}",
                "command": ["sleep", "infinity"], "resources": {{"limits": {{"memory": "64Mi"}}}}}}]}}}}"#
        );
        cluster.kubectl(&format!(
            "run {pod} --image={IMAGE} --restart=Never --overrides='{specification}'"
        ));
    }
    cluster.kubectl("wait --for=condition=Ready --timeout=60s pod here there");

    let there = cluster.kubectl("get pod there -o jsonpath={.status.podIP}");
    cluster.kubectl(&format!("exec here -- ping -c 1 -w 5 {there}"));
    let control_plane = &cluster.control_planes[0];
    wait_until(
        control_plane,
        &kubectl("exec here -- nslookup kubernetes.default.svc.cluster.local"),
    );
    let limit = cluster.kubectl("exec here -- cat /sys/fs/cgroup/memory/memory.limit_in_bytes");
    assert_eq!(limit.trim(), (64 << 20).to_string());
    cluster.kubectl("delete pod here there --now");
}

#[test]
fn drift_is_announced_and_repaired() {
    let cluster = converged();
    let [drifted, untouched] = [&cluster.workers[0], &cluster.workers[1]];
    let label = || {
        cluster.kubectl(&format!(
            "get nodes -l {LABEL}=r1 -o jsonpath='{{.items[*].metadata.name}}'"
        ))
    };
    let labelled = cluster.workers.join(" ");
    assert_eq!(label(), labelled);
    let kubelet = on(drifted, "cat /var/lib/kubelet/config.yaml");

    cluster.kubectl(&format!("label node {drifted} {LABEL}-"));
    on(
        drifted,
        "sed -i '/^maxPods:/d' /var/lib/kubelet/config.yaml
         echo 'maxPods: 7' >>/var/lib/kubelet/config.yaml
         systemctl restart kubelet
         systemctl stop containerd",
    );

    let check = cluster.provision(&["--check"]);
    check.assert_code(0);
    assert_ne!(check.recap(drifted, "changed"), 0);
    assert_eq!(check.recap(untouched, "changed"), 0);
    assert_eq!(
        on(drifted, "systemctl is-active containerd || true"),
        "inactive\n"
    );

    cluster.provision(&[]).assert_code(0);
    assert_ready(&cluster);
    assert_eq!(label(), labelled);
    assert_eq!(on(drifted, "cat /var/lib/kubelet/config.yaml"), kubelet);
    assert_eq!(on(drifted, "systemctl is-active containerd"), "active\n");
    // The kubelet has read it.
    let pods = cluster.kubectl(&format!(
        "get node {drifted} -o jsonpath={{.status.capacity.pods}}"
    ));
    assert_ne!(pods, "7");

    let again = cluster.provision(&[]);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
}

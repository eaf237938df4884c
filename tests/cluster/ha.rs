//! Three control planes and one worker.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, kubectl};
use crate::lab::{lab, on, wait_until};

/// The hosts, which are removed after the test.
struct Hosts(Cluster);

impl Drop for Hosts {
    fn drop(&mut self) {
        self.0.remove();
    }
}

#[test]
fn a_cluster_of_three_control_planes_stands_the_loss_of_one() {
    let hosts = Hosts(Cluster::take(3, 3, 1));
    let cluster = &hosts.0;
    cluster.reset();
    let [first, second, lost] = [0, 1, 2].map(|index| &cluster.control_planes[index]);
    let worker = &cluster.workers[0];

    cluster.provision(&[]).assert_code(0);
    let nodes = cluster.hosts().join(" ");
    wait_until(
        first,
        &kubectl(&format!(
            "wait --for=condition=Ready --timeout=10s node {nodes}"
        )),
    );
    assert_eq!(voters(first), 3);
    let second_run = cluster.provision(&[]);
    second_run.assert_code(0);
    assert_eq!(second_run.changes(), BTreeMap::new());

    lab(&["fault", lost, "poweroff"]);
    for survivor in [first, second] {
        wait_until(survivor, &kubectl("get --raw /readyz"));
        // What is written is written by a quorum.
        on(
            survivor,
            &kubectl(&format!("create configmap written-through-{survivor}")),
        );
    }

    let run = cluster.provision(&["--extra-vars", "{ansible_timeout: 3}"]);
    run.assert_code(3);
    assert_eq!(run.recap(lost, "unreachable"), true);
    assert_eq!(run.changes(), BTreeMap::new());
    for host in [first, second, worker] {
        assert_eq!(run.recap(host, "unreachable"), false, "{host}");
        assert_eq!(run.recap(host, "failed"), 0, "{host}");
    }

    lab(&["fault", lost, "start"]);
    let back = cluster.provision(&[]);
    back.assert_code(0);
    assert_eq!(voters(first), 3);
}

/// How many voting members etcd has, as the one on this host tells.
fn voters(host: &str) -> usize {
    let members = on(
        host,
        &kubectl(&format!(
            "-n kube-system exec etcd-{host} -- etcdctl --endpoints=https://127.0.0.1:2379 \
             --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt \
             --key=/etc/kubernetes/pki/etcd/healthcheck-client.key member list"
        )),
    );
    members
        .lines()
        .filter(|line| line.contains(", started, ") && line.trim_end().ends_with("false"))
        .count()
}

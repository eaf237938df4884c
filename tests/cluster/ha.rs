//! Three control planes and one worker, which has a load balancer of its own.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cluster::{Cluster, Layout, kubectl};
use crate::common::lab::{lab, on, wait_until};

#[test]
fn a_cluster_of_three_control_planes_stands_the_loss_of_the_first() {
    let layout = Layout {
        control_planes: 3,
        workers: 1,
        etcd: 0,
    };
    let cluster = Cluster::take(3, layout, &json!({}));
    cluster.reset();
    let [lost, second, third] = [0, 1, 2].map(|index| &cluster.control_planes[index]);
    let worker = &cluster.workers[0];

    cluster.provision(&[]).assert_code(0);
    cluster.assert_ready();
    assert_eq!(voters(second), 3);
    assert_balanced(worker, "nginx-proxy", "haproxy");
    let second_run = cluster.provision(&[]);
    second_run.assert_code(0);
    assert_eq!(second_run.changes(), BTreeMap::new());

    // The cluster's address is that of the first, and all goes on without it.
    lab(&["fault", lost, "poweroff"]);
    for survivor in [second, third] {
        wait_until(survivor, &kubectl_here("get --raw /readyz"));
        // What is written is written by a quorum, once it has a leader again; a try that nobody answered may have counted.
        let name = format!("written-through-{survivor}");
        let create = kubectl_here(&format!("create configmap {name}"));
        let get = kubectl_here(&format!("get configmap {name}"));
        wait_until(survivor, &format!("{create} || {get}"));
    }
    for node in [second, third, worker] {
        assert_heard_of(second, node);
    }

    let run = cluster.provision(&["--extra-vars", "{ansible_timeout: 3}"]);
    run.assert_code(3);
    assert_eq!(run.recap(lost, "unreachable"), true);
    assert_eq!(run.changes(), BTreeMap::new());
    for host in [second, third, worker] {
        assert_eq!(run.recap(host, "unreachable"), false, "{host}");
        assert_eq!(run.recap(host, "failed"), 0, "{host}");
    }

    // It comes back, and the worker gets the other load balancer.
    lab(&["fault", lost, "start"]);
    let haproxy = ["--extra-vars", "{loadbalancer_apiserver_type: haproxy}"];
    let back = cluster.provision(&haproxy);
    back.assert_code(0);
    cluster.assert_ready();
    assert_eq!(voters(second), 3);
    assert_balanced(worker, "haproxy", "nginx-proxy");
    assert_heard_of(second, worker);
    let again = cluster.provision(&haproxy);
    again.assert_code(0);
    assert_eq!(again.changes(), BTreeMap::new());
    cluster.remove();
}

/// The worker's kubelet and its pods reach the API through this static pod, and the other is not there.
fn assert_balanced(worker: &str, pod: &str, other: &str) {
    on(
        worker,
        &format!(
            "grep -x ' *server: https://127.0.0.1:6443' /etc/kubernetes/kubelet.conf
             test ! -e /etc/kubernetes/manifests/{other}.yaml"
        ),
    );
    wait_until(
        worker,
        &format!(
            "test -n \"$(crictl ps -q --state running --name {pod})\" && \
             test -z \"$(crictl ps -q --state running --name {other})\""
        ),
    );
}

/// Waits until the kubelet of a node has told the cluster twice more that it lives.
fn assert_heard_of(asked: &str, node: &str) {
    let lease = kubectl_here(&format!(
        "-n kube-node-lease get lease {node} -o jsonpath={{.spec.renewTime}}"
    ));
    for _ in 0..2 {
        let before = on(asked, &lease);
        wait_until(asked, &format!("test \"$({lease})\" != {before}"));
    }
}

/// kubectl for the API server of the host that it is run on.
fn kubectl_here(arguments: &str) -> String {
    kubectl(arguments).replace("admin.conf", "provision-admin.conf")
}

/// How many voting members etcd has, as the one on this host tells.
fn voters(host: &str) -> usize {
    // The API learns of a static pod a while after it runs.
    let ready = format!("-n kube-system wait --for=condition=Ready --timeout=10s pod/etcd-{host}");
    wait_until(host, &kubectl_here(&ready));
    let members = on(
        host,
        &kubectl_here(&format!(
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

//! Pods of the lab's image: a web server on each node, and a service in front of them.

use std::fs::File;

use serde_json::json;

use crate::cluster::{Cluster, kubectl};
use crate::common::lab::{lab, on_with, wait_until};

const IMAGE: &str = "docker.io/library/busybox:lab";

/// The memory that each of the pods may have, in MiB.
const LIMIT: u32 = 64;

/// Brings the image to all nodes, whose container engine this is.
fn bring_image(cluster: &Cluster, engine: &str) {
    let load = match engine {
        "docker" => "docker load",
        _ => "ctr -n k8s.io images import -",
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("busybox.tar");
    lab(&["image", archive.to_str().expect("UTF-8"), IMAGE]);
    for node in cluster.nodes() {
        on_with(&node, load, File::open(&archive).expect("the image"));
    }
}

/// A pod on each node reaches a pod on every other node, and the service; its name is found, and its limits hold. The
/// pods are gone afterwards.
pub(crate) fn assert_work(cluster: &Cluster, engine: &str) {
    bring_image(cluster, engine);
    let nodes = cluster.nodes();
    let names = nodes.iter().map(|node| format!("web-{node}"));
    let names: Vec<_> = names.collect();
    let all = names.join(" ");
    cluster.kubectl(&format!("delete pod {all} --ignore-not-found --now"));
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    })];
    for (name, node) in names.iter().zip(&nodes) {
        let serve = format!("echo {node} >/tmp/index.html; exec httpd -f -p 8080 -h /tmp");
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {
                "nodeName": node,
                "terminationGracePeriodSeconds": 0,
                "containers": [{
                    "name": "web", "image": IMAGE, "command": ["sh", "-c", serve],
                    "resources": {"limits": {"memory": format!("{LIMIT}Mi")}},
                }],
            },
        }));
    }
    cluster.apply(&objects);
    let control_plane = &cluster.control_planes[0];
    wait_until(
        control_plane,
        &kubectl(&format!(
            "wait --for=condition=Ready --timeout=60s pod {all}"
        )),
    );

    let addresses = cluster.kubectl(&format!(
        "get pod {all} -o jsonpath='{{.items[*].status.podIP}}'"
    ));
    let service = cluster.kubectl("get service web -o jsonpath={.spec.clusterIP}");
    for name in &names {
        let fetch = format!(
            "for address in {addresses}; do timeout 10 wget -q -O - http://$address:8080/; done"
        );
        // busybox's own `-T` ends in a segmentation fault.
        let said = cluster.kubectl(&format!("exec {name} -- sh -c '{fetch}'"));
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            nodes,
            "what {name} was told"
        );
        // A service that is new takes a moment to be known everywhere.
        wait_until(
            control_plane,
            &kubectl(&format!(
                "exec {name} -- timeout 2 wget -q -O - http://{service}/"
            )),
        );
        wait_until(
            control_plane,
            &kubectl(&format!(
                "exec {name} -- nslookup kubernetes.default.svc.cluster.local"
            )),
        );
        let limit = cluster.kubectl(&format!(
            "exec {name} -- cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
        ));
        assert_eq!(limit.trim(), (LIMIT << 20).to_string(), "{name}");
    }
    cluster.kubectl(&format!(
        "delete service/web {} --now",
        names
            .iter()
            .map(|name| format!("pod/{name}"))
            .collect::<Vec<_>>()
            .join(" ")
    ));
}

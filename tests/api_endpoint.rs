//! A worker gets another load balancer. The host is this machine, crictl a stand-in: a file has as many lines as it will still
//! find the old one running. What real ones do is shown on clusters.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

const CRICTL: &str = r#"#!/bin/sh
directory=${0%/*}
echo "$*" >>"$directory/asked"
head -n 1 "$directory/running"
sed -i 1d "$directory/running"
"#;

#[test]
fn the_port_counts_when_the_old_load_balancer_has_ended() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path();
    // It stands for either: whose port it is cannot be seen.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    write(place, "crictl", CRICTL);
    fs::set_permissions(place.join("crictl"), fs::Permissions::from_mode(0o755)).expect("a mode");
    write(place, "running", "old\nold\n");
    // The kubelet has found it already, so it is left alone.
    write(
        place,
        "kubelet.conf",
        &format!("  server: https://127.0.0.1:{port}\n"),
    );
    fs::create_dir(place.join("manifests")).expect("a directory");
    write(place, "manifests/nginx-proxy.yaml", "the old one\n");
    write(
        place,
        "site.yaml",
        "- hosts: kube_node\n  tasks:\n    - import_role: {name: kubernetes/api_endpoint, tasks_from: local}\n",
    );
    let bases = place.display();
    write(
        place,
        "inventory.yaml",
        &format!(
            "all:
  vars:
    ansible_connection: local
    bin_dir: {bases}
    kube_config_dir: {bases}
    api_endpoint_config_dir: {bases}/api-endpoint
    kube_apiserver_port: {port}
    loadbalancer_apiserver_localhost: true
    loadbalancer_apiserver_type: haproxy
  children:
    kube_control_plane: {{hosts: {{h1: {{ansible_host: 192.0.2.1}}}}}}
    kube_node: {{hosts: {{h2: }}}}
    k8s_cluster: {{children: {{kube_control_plane: , kube_node: }}}}
"
        ),
    );

    let said = run(place);
    assert!(!place.join("manifests/nginx-proxy.yaml").exists(), "{said}");
    assert!(place.join("manifests/haproxy.yaml").exists(), "{said}");
    let asked = fs::read_to_string(place.join("asked")).expect("what crictl was asked");
    let asked: Vec<_> = asked.lines().collect();
    // Twice it runs, then it has ended.
    assert_eq!(asked.len(), 3, "{asked:?}\n{said}");
    for call in asked {
        assert!(
            call.contains("io.kubernetes.container.name=nginx-proxy"),
            "{call}"
        );
    }
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("written");
}

/// Runs the playbook with the project's roles, which must succeed.
fn run(directory: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .current_dir(directory)
        .env("HOME", directory)
        .env("XDG_CACHE_HOME", directory.join("cache"))
        .args(["--no-record", "-i", "inventory.yaml", "--roles-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/roles"))
        .arg("site.yaml")
        .stdin(Stdio::null())
        .output()
        .expect("provision runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

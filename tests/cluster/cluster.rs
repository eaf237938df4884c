//! A cluster: hosts of the lab, an inventory that says what they are, and runs of `provision` on them.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use tempfile::NamedTempFile;

use crate::artifacts::Artifacts;
use crate::lab::{address, directory, first, lab, on, turn, up};
use crate::run::Run;

/// The label that the inventory gives to every worker.
pub(crate) const LABEL: &str = "lab.example.org/rack";

/// The hosts of a cluster, while a test has them to itself.
pub(crate) struct Cluster {
    pub(crate) control_planes: Vec<String>,
    pub(crate) workers: Vec<String>,
    artifacts: Artifacts,
    inventory: NamedTempFile,
    _turn: File,
}

impl Cluster {
    /// Hosts for so many control planes and workers, beginning at that many hosts after the first of the lab, in whatever
    /// state they are. Those that are missing are made.
    pub(crate) fn take(offset: u8, control_planes: u8, workers: u8) -> Self {
        let turn = turn();
        let artifacts = Artifacts::find();
        let begin = first() + offset;
        up(begin, control_planes + workers);
        let names = |from: u8, count: u8| -> Vec<u8> { (from..from + count).collect() };
        let control_planes = names(begin, control_planes);
        let workers = names(
            begin + u8::try_from(control_planes.len()).expect("few"),
            workers,
        );
        let inventory = inventory(&artifacts, &control_planes, &workers);
        Self {
            control_planes: control_planes.iter().copied().map(name).collect(),
            workers: workers.iter().copied().map(name).collect(),
            artifacts,
            inventory,
            _turn: turn,
        }
    }

    /// All hosts, control planes first.
    pub(crate) fn hosts(&self) -> Vec<String> {
        [&self.control_planes[..], &self.workers].concat()
    }

    /// The hosts become what they were when they were made.
    pub(crate) fn reset(&self) {
        let hosts = self.hosts();
        let mut arguments = vec!["reset"];
        arguments.extend(hosts.iter().map(String::as_str));
        lab(&arguments);
    }

    /// Removes the hosts.
    pub(crate) fn remove(&self) {
        let hosts = self.hosts();
        let mut arguments = vec!["down"];
        arguments.extend(hosts.iter().map(String::as_str));
        lab(&arguments);
    }

    /// Runs `playbooks/site.yaml` and reads the events that it writes.
    pub(crate) fn provision(&self, arguments: &[&str]) -> Run {
        let inventory = self.inventory.path().to_str().expect("UTF-8");
        let variables = self.artifacts.variables();
        let variables = variables.map(|path| format!("@{}", path.display()));
        let mut all = vec!["--inventory", inventory, "--output", "json"];
        if let Some(variables) = &variables {
            all.extend(["--extra-vars", variables]);
        }
        all.push("playbooks/site.yaml");
        all.extend(arguments);
        Run::start(&all)
    }

    /// Runs kubectl on a control plane, as the cluster's administrator; it must succeed.
    pub(crate) fn kubectl(&self, arguments: &str) -> String {
        on(&self.control_planes[0], &kubectl(arguments))
    }

    /// A program of Kubernetes' version, in the words of `kubectl get nodes`.
    pub(crate) fn kube_version(&self) -> String {
        format!("v{}", self.artifacts.kube_version)
    }
}

/// The command line of kubectl for a script on a control plane.
pub(crate) fn kubectl(arguments: &str) -> String {
    format!("/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf {arguments}")
}

fn name(number: u8) -> String {
    format!("h{number}")
}

/// What the lab's hosts with cgroup v1 need, see `tests/lab/README.md`, and what artifacts cannot be asked to have.
fn inventory(artifacts: &Artifacts, control_planes: &[u8], workers: &[u8]) -> NamedTempFile {
    let file = |name: &str| directory().join(name).display().to_string();
    let group = |numbers: &[u8], variables: &[(&str, serde_json::Value)]| {
        let hosts: serde_json::Map<_, _> = numbers
            .iter()
            .map(|number| (name(*number), json!({"ansible_host": address(*number)})))
            .collect();
        let variables: serde_json::Map<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        json!({"hosts": hosts, "vars": variables})
    };
    let text = json!({"all": {
        "vars": {
            "ansible_user": "ops",
            "ansible_become": true,
            "ansible_ssh_private_key_file": file("key"),
            "ansible_ssh_known_hosts_file": file("known_hosts"),
            "artifacts_dir": artifacts.directory,
            "kube_version": artifacts.kube_version,
            "kube_network_plugin": "bridge",
            "cgroup_driver": "cgroupfs",
            "allow_cgroupfs_on_systemd": true,
            "kubelet_fail_cgroup_v1": false,
            "kubelet_fail_swap_on": false,
            "kube_proxy_conntrack": {"maxPerCore": 0},
            // Its image is none of Kubernetes' own, so artifacts need not have it.
            "loadbalancer_apiserver_localhost": false,
        },
        "children": {
            "kube_control_plane": group(control_planes, &[]),
            "kube_node": group(workers, &[("node_labels", json!({LABEL: "r1"}))]),
            "etcd": {"children": {"kube_control_plane": {}}},
            "k8s_cluster": {"children": {"kube_control_plane": {}, "kube_node": {}}},
        },
    }});
    let mut file = tempfile::Builder::new()
        .prefix("cluster-")
        .suffix(".yaml")
        .tempfile_in(Path::new(env!("CARGO_TARGET_TMPDIR")))
        .expect("a temporary file");
    write!(file, "{text:#}").expect("the inventory's text");
    file
}

//! A cluster: hosts of the lab, an inventory that says what they are, and runs of `provision` on them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::artifacts::Artifacts;
use crate::common::lab::{
    address, all, first, key, known_hosts, name, on, turn, up, wait_until, yaml,
};
use crate::common::run::Run;

/// The label that the inventory gives to every worker.
pub(crate) const LABEL: &str = "lab.example.org/rack";

pub(crate) const SITE: &str = "playbooks/site.yaml";

/// How many hosts there are of each kind. Without hosts of its own etcd is where the control planes are.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) control_planes: u8,
    pub(crate) workers: u8,
    pub(crate) etcd: u8,
}

/// The hosts of a cluster, while a test has them to itself.
pub(crate) struct Cluster {
    pub(crate) control_planes: Vec<String>,
    pub(crate) workers: Vec<String>,
    pub(crate) etcd: Vec<String>,
    artifacts: Artifacts,
    inventory: NamedTempFile,
    _turn: File,
}

impl Cluster {
    /// Hosts of a layout, beginning at that many hosts after the first of the lab, in whatever state they are, unless a
    /// test has failed on them. Those that are missing are made. `variables` are the cluster's.
    pub(crate) fn take(offset: u8, layout: Layout, variables: &Value) -> Self {
        let turn = turn();
        let artifacts = Artifacts::find();
        let begin = first() + offset;
        let count = layout.control_planes + layout.workers + layout.etcd;
        up(begin, count, &["--cgroup", "v1"]);
        let mut numbers = begin..begin + count;
        let mut next = |count: u8| -> Vec<u8> { numbers.by_ref().take(count.into()).collect() };
        let groups = [layout.control_planes, layout.workers, layout.etcd].map(&mut next);
        let inventory = inventory(&artifacts, &groups, variables);
        let [control_planes, workers, etcd] =
            groups.map(|numbers| numbers.into_iter().map(name).collect());
        let cluster = Self {
            control_planes,
            workers,
            etcd,
            artifacts,
            inventory,
            _turn: turn,
        };
        if cluster.failed().exists() {
            cluster.reset();
        }
        cluster
    }

    /// All nodes, control planes first.
    pub(crate) fn nodes(&self) -> Vec<String> {
        [&self.control_planes[..], &self.workers].concat()
    }

    /// All hosts, nodes first.
    pub(crate) fn hosts(&self) -> Vec<String> {
        [&self.nodes()[..], &self.etcd].concat()
    }

    /// The hosts become what they were when they were made.
    pub(crate) fn reset(&self) {
        all("reset", &self.hosts());
        let _ = fs::remove_file(self.failed());
    }

    /// Removes the hosts.
    pub(crate) fn remove(&self) {
        all("down", &self.hosts());
    }

    /// Runs `playbooks/site.yaml`.
    pub(crate) fn provision(&self, arguments: &[&str]) -> Run {
        self.play(SITE, arguments)
    }

    /// Runs a playbook and reads the events that it writes.
    pub(crate) fn play(&self, book: &str, arguments: &[&str]) -> Run {
        let inventory = self.inventory.path().to_str().expect("UTF-8");
        let variables = self.artifacts.variables();
        let variables = variables.map(|path| format!("@{}", path.display()));
        let mut all = vec!["--inventory", inventory, "--output", "json"];
        if let Some(variables) = &variables {
            all.extend(["--extra-vars", variables]);
        }
        all.push(book);
        all.extend(arguments);
        Run::start(&all)
    }

    /// Runs kubectl on the first control plane, as the cluster's administrator; it must succeed.
    pub(crate) fn kubectl(&self, arguments: &str) -> String {
        on(&self.control_planes[0], &kubectl(arguments))
    }

    /// Creates or changes objects, given as JSON.
    pub(crate) fn apply(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(&format!("apply -f - <<'END'\n{list}\nEND"));
    }

    /// Waits until every node takes pods.
    pub(crate) fn assert_ready(&self) {
        let nodes = self.nodes().join(" ");
        let ready = format!("wait --for=condition=Ready --timeout=10s node {nodes}");
        wait_until(&self.control_planes[0], &kubectl(&ready));
    }

    /// What `kubectl get nodes -o wide` says about each node: its name, its version and its runtime.
    pub(crate) fn wide(&self) -> Vec<[String; 3]> {
        let lines = self.kubectl(
            "get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.nodeInfo.kubeletVersion} \
             {.status.nodeInfo.containerRuntimeVersion}{\"\\n\"}{end}'",
        );
        let words = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            [0; 3].map(|_| words.next().expect("a word"))
        };
        lines.lines().map(words).collect()
    }

    /// A program of Kubernetes' version, in the words of `kubectl get nodes`.
    pub(crate) fn kube_version(&self) -> String {
        format!("v{}", self.artifacts.kube_version)
    }

    /// The file that is there after a test has failed on these hosts.
    fn failed(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{}", self.control_planes[0]))
    }
}

impl Drop for Cluster {
    // What a failed test leaves is for whoever looks, and not for the next test.
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = File::create(self.failed());
        }
    }
}

/// The command line of kubectl for a script on a control plane.
pub(crate) fn kubectl(arguments: &str) -> String {
    format!("/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf {arguments}")
}

/// What the lab's hosts with cgroup v1 need, see `tests/lab/README.md`, and the numbers of the hosts as groups.
fn inventory(artifacts: &Artifacts, groups: &[Vec<u8>; 3], variables: &Value) -> NamedTempFile {
    let [control_planes, workers, etcd] = groups;
    let group = |numbers: &[u8], variables: Value| {
        let hosts: serde_json::Map<_, _> = numbers
            .iter()
            .map(|number| (name(*number), json!({"ansible_host": address(*number)})))
            .collect();
        json!({"hosts": hosts, "vars": variables})
    };
    let mut shared = json!({
        "ansible_user": "ops",
        "ansible_become": true,
        "ansible_ssh_private_key_file": key(),
        "ansible_ssh_known_hosts_file": known_hosts(),
        "artifacts_dir": artifacts.directory,
        "kube_version": artifacts.kube_version,
        "kube_network_plugin": "bridge",
        "cgroup_driver": "cgroupfs",
        "allow_cgroupfs_on_systemd": true,
        "kubelet_fail_cgroup_v1": false,
        "kubelet_fail_swap_on": false,
        "kube_proxy_conntrack": {"maxPerCore": 0},
    });
    let more = variables.as_object().expect("variables").clone();
    shared.as_object_mut().expect("variables").extend(more);
    let etcd = if etcd.is_empty() {
        json!({"children": {"kube_control_plane": {}}})
    } else {
        group(etcd, json!({}))
    };
    let text = json!({"all": {
        "vars": shared,
        "children": {
            "kube_control_plane": group(control_planes, json!({})),
            "kube_node": group(workers, json!({"node_labels": {LABEL: "r1"}})),
            "etcd": etcd,
            "k8s_cluster": {"children": {"kube_control_plane": {}, "kube_node": {}}},
        },
    }});
    yaml(&format!("{text:#}"))
}

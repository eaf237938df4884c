//! A stand-in for a cluster: what kubeadm, kubectl and the kubelet say to each other on the hosts of the lab goes through this
//! server. Nothing of Kubernetes runs. It keeps state, notes every call, and fails on demand. Must not know what is tested.

mod cluster;
mod commands;
mod server;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use self::cluster::Cluster;
use crate::common::lab::network;

/// The version that the stand-ins claim to have.
pub(crate) const VERSION: &str = "1.34.9";

/// A call of a stand-in on a host.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) host: String,
    /// `kubeadm` or `kubectl`.
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    /// When it was answered; none while it is not.
    pub(crate) begin: Instant,
    pub(crate) end: Option<Instant>,
}

impl Call {
    /// The call as one line: `h1 kubeadm init --config F`.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} {} {}",
            self.host,
            self.program,
            self.arguments.join(" ")
        )
    }
}

/// What is done before a call is answered.
type Hook = Box<dyn FnOnce() + Send>;

/// What all connections share.
#[derive(Default)]
struct Shared {
    cluster: Cluster,
    calls: Vec<Call>,
    /// How often calls that begin like this still fail.
    failures: BTreeMap<String, usize>,
    /// What is done before the first call that begins like this is answered.
    hooks: BTreeMap<String, Hook>,
    /// How many workers are to be joining at once before the first of them is answered.
    workers_at_once: usize,
    workers_joining: usize,
}

/// The server, and the programs for the hosts in a directory for `artifacts_dir`.
pub(crate) struct StandIn {
    shared: Arc<Mutex<Shared>>,
    artifacts: TempDir,
    /// Sums of the programs, as variables of roles.
    variables: String,
}

impl StandIn {
    /// A cluster that is not begun yet, at an address that hosts of the lab reach.
    pub(crate) fn new() -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let address = server::start(&format!("{}.1", network()), Arc::clone(&shared));
        let artifacts = tempfile::tempdir().expect("a directory");
        let variables = artifacts_in(artifacts.path(), &address);
        Self {
            shared,
            artifacts,
            variables,
        }
    }

    /// Variables for `-e`: where the programs are, and their sums.
    pub(crate) fn variables(&self) -> String {
        format!(
            "{{artifacts_dir: '{}', {}}}",
            self.artifacts.path().display(),
            self.variables
        )
    }

    /// The next `times` calls that begin with this line fail.
    pub(crate) fn fail(&self, line: &str, times: usize) {
        self.shared().failures.insert(line.to_owned(), times);
    }

    /// Before the next call that begins with this line is answered something is done.
    pub(crate) fn before(&self, line: &str, hook: impl FnOnce() + Send + 'static) {
        self.shared().hooks.insert(line.to_owned(), Box::new(hook));
    }

    /// So many workers must be joining at once.
    pub(crate) fn expect_workers_at_once(&self, count: usize) {
        self.shared().workers_at_once = count;
    }

    /// All calls so far, except those of kubelets.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared().calls.clone()
    }

    /// The calls so far are forgotten.
    pub(crate) fn forget_calls(&self) {
        self.shared().calls.clear();
    }

    /// The tokens that are still good.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.shared().cluster.tokens.clone()
    }

    /// All secrets that were ever made.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.shared().cluster.secrets.clone()
    }

    /// The nodes, and whether they take pods.
    pub(crate) fn nodes(&self) -> BTreeMap<String, bool> {
        let shared = self.shared();
        let nodes = shared.cluster.nodes.iter();
        nodes
            .map(|(name, node)| (name.clone(), !node.unschedulable))
            .collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no call has panicked")
    }
}

/// Writes the programs, in the layout of `artifacts_dir`, and returns their sums as variables of roles.
fn artifacts_in(directory: &Path, address: &str) -> String {
    let mut variables = format!("kube_version: {VERSION}");
    for (program, source) in [
        ("kubeadm", include_str!("kubeadm")),
        ("kubectl", include_str!("kubeadm")),
        ("kubelet", include_str!("kubelet")),
    ] {
        let text = source
            .replace("@ADDRESS@", address)
            .replace("@VERSION@", VERSION);
        let path = directory.join(format!(
            "dl.k8s.io/release/v{VERSION}/bin/linux/amd64/{program}"
        ));
        write(&path, text.as_bytes());
        let _ = write!(
            variables,
            ", {program}_checksums: {{amd64: {{{VERSION}: 'sha256:{}'}}}}",
            sum(text.as_bytes())
        );
    }
    let crictl = include_bytes!("crictl").as_slice();
    let crictl_sum = packed(
        &directory.join(
            "github.com/kubernetes-sigs/cri-tools/releases/download/v9.9.9/crictl-v9.9.9-linux-amd64.tar.gz",
        ),
        &[("crictl", crictl)],
    );
    // Plugins that are called by nobody.
    let plugin = b"#!/bin/sh\n# A stand-in for a plugin.\nexit 1\n".as_slice();
    let plugins_sum = packed(
        &directory.join(
            "github.com/containernetworking/plugins/releases/download/v9.9.9/cni-plugins-linux-amd64-v9.9.9.tgz",
        ),
        &["bridge", "host-local", "loopback", "portmap"].map(|name| (name, plugin)),
    );
    for (component, table, sum) in [
        ("crictl", "crictl_checksums", crictl_sum),
        ("cni", "cni_binary_checksums", plugins_sum),
    ] {
        let _ = write!(
            variables,
            ", {component}_version: 9.9.9, {table}: {{amd64: {{9.9.9: 'sha256:{sum}'}}}}"
        );
    }
    variables
}

/// Writes an archive of programs, and returns its sum.
fn packed(archive: &Path, programs: &[(&str, &[u8])]) -> String {
    let content = tempfile::tempdir().expect("a directory");
    for (name, program) in programs {
        write(&content.path().join(name), program);
    }
    fs::create_dir_all(archive.parent().expect("a parent")).expect("directories");
    let tar = Command::new("tar")
        .args(["--create", "--gzip", "--owner=0", "--group=0", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(content.path())
        .args(programs.iter().map(|(name, _)| name))
        .status();
    assert!(tar.expect("tar").success());
    sum(&fs::read(archive).expect("the archive"))
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, content).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

fn sum(content: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(content) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

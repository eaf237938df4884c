//! `playbooks/bundle.yaml` fetches what the hosts of an inventory need, and connects to none of them. The mirror is a web server
//! of this test, and what it has are stand-ins: only their names and checksums count.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

/// The files that a control plane and a node with containerd from a tarball need, and the tables of their checksums.
const FILES: [(&str, &str, &str); 7] = [
    (
        "dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubeadm",
        "kubeadm_checksums",
        "1.36.4",
    ),
    (
        "dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubectl",
        "kubectl_checksums",
        "1.36.4",
    ),
    (
        "dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubelet",
        "kubelet_checksums",
        "1.36.4",
    ),
    (
        "github.com/containerd/containerd/releases/download/v2.3.4/containerd-2.3.4-linux-amd64.tar.gz",
        "containerd_archive_checksums",
        "2.3.4",
    ),
    (
        "github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz",
        "cni_binary_checksums",
        "1.9.1",
    ),
    (
        "github.com/kubernetes-sigs/cri-tools/releases/download/v1.36.0/crictl-v1.36.0-linux-amd64.tar.gz",
        "crictl_checksums",
        "1.36.0",
    ),
    (
        "github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64",
        "runc_checksums",
        "1.4.3",
    ),
];

/// Nobody answers at these addresses, which are for documentation.
const INVENTORY: &str = "
all:
  vars: {ansible_become: true, ansible_user: nobody}
  children:
    k8s_cluster:
      children:
        kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.1}}}
        kube_node: {hosts: {n1: {ansible_host: 192.0.2.2}, n2: {ansible_host: 192.0.2.3}}}
";

#[test]
fn what_hosts_need_is_fetched_once_and_none_is_connected_to() {
    let mirror = Mirror::start();
    let scratch = tempfile::tempdir().expect("a directory");
    let bundle = scratch.path().join("bundle");

    let first = mirror.bundle(scratch.path(), &["-e", "bundle_images=false"]);
    assert_ended(&first, 0);
    assert!(said(&first).contains("changed bundle"), "{}", said(&first));
    for (path, ..) in FILES {
        let fetched = fs::read_to_string(bundle.join(path)).expect(path);
        assert_eq!(fetched, content(path));
    }
    let mut asked = mirror.asked();
    asked.sort();
    assert_eq!(asked, FILES.map(|(path, ..)| format!("/{path}")));

    let files = fs::read_to_string(bundle.join("files.list")).expect("the list of files");
    assert_eq!(files.lines().count(), FILES.len());
    let images = fs::read_to_string(bundle.join("images.list")).expect("the list of images");
    assert_eq!(
        images,
        "registry.k8s.io/coredns/coredns:v1.14.2\n\
         registry.k8s.io/etcd:3.6.8-0\n\
         registry.k8s.io/kube-apiserver:v1.36.4\n\
         registry.k8s.io/kube-controller-manager:v1.36.4\n\
         registry.k8s.io/kube-proxy:v1.36.4\n\
         registry.k8s.io/kube-scheduler:v1.36.4\n\
         registry.k8s.io/pause:3.10.2\n"
    );

    let second = mirror.bundle(scratch.path(), &["-e", "bundle_images=false"]);
    assert_ended(&second, 0);
    assert!(
        !said(&second).contains("changed bundle"),
        "{}",
        said(&second)
    );
    assert_eq!(mirror.asked().len(), FILES.len());
}

#[test]
fn a_file_that_is_another_one_is_refused() {
    let mirror = Mirror::start();
    let scratch = tempfile::tempdir().expect("a directory");
    let wrong = format!(
        "{{runc_checksums: {{amd64: {{1.4.3: 'sha256:{}'}}}}}}",
        "0".repeat(64)
    );
    let run = mirror.bundle(scratch.path(), &["-e", "bundle_images=false", "-e", &wrong]);
    assert_ended(&run, 2);
    assert!(
        said(&run).contains("runc.amd64` has the checksum sha256:"),
        "{}",
        said(&run)
    );
    assert!(!scratch.path().join("bundle").join(FILES[6].0).exists());
}

#[test]
fn images_that_cannot_be_fetched_are_named() {
    let mirror = Mirror::start();
    let scratch = tempfile::tempdir().expect("a directory");
    let archives = scratch.path().join("bundle/container-images");
    fs::create_dir_all(&archives).expect("a directory");
    for image in [
        "coredns-coredns-v1.14.2",
        "etcd-3.6.8-0",
        "kube-apiserver-v1.36.4",
        "kube-controller-manager-v1.36.4",
        "kube-proxy-v1.36.4",
        "kube-scheduler-v1.36.4",
    ] {
        fs::write(archives.join(format!("registry.k8s.io-{image}.tar")), "").expect("written");
    }
    // With it the test would ask a registry.
    for directory in ["/usr/bin", "/bin"] {
        assert!(
            !Path::new(directory).join("skopeo").exists(),
            "this machine has skopeo"
        );
    }
    let run = mirror.bundle(scratch.path(), &[]);
    assert_ended(&run, 2);
    assert!(
        said(&run).contains("lacks registry.k8s.io/pause:3.10.2: install skopeo"),
        "{}",
        said(&run)
    );

    fs::write(archives.join("registry.k8s.io-pause-3.10.2.tar"), "").expect("written");
    assert_ended(&mirror.bundle(scratch.path(), &[]), 0);
}

#[test]
fn an_image_with_a_digest_is_refused() {
    let mirror = Mirror::start();
    let scratch = tempfile::tempdir().expect("a directory");
    let pinned = format!("example.org/net:v1@sha256:{}", "0".repeat(64));
    let cilium = format!(
        "{{kube_network_plugin: cilium, cilium_manifest_url: 'http://{}/net.yaml', cilium_images: ['{pinned}']}}",
        mirror.address
    );
    let run = mirror.bundle(scratch.path(), &["-e", &cilium]);
    assert_ended(&run, 2);
    assert!(
        said(&run).contains(&format!("pods that want {pinned} would not find it")),
        "{}",
        said(&run)
    );
    assert_eq!(mirror.asked(), [""; 0]);
}

/// A web server with the files. It ends with the test.
struct Mirror {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &seen);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }

    /// Runs the playbook for the bundle in a directory.
    fn bundle(&self, scratch: &Path, more: &[&str]) -> Output {
        let inventory = scratch.join("inventory.yaml");
        fs::write(&inventory, INVENTORY).expect("written");
        // What the mirror has stands in for the releases.
        let mut tables = String::new();
        for (path, table, version) in FILES {
            let sum = Sha256::digest(content(path));
            let sum: String = sum.iter().fold(String::new(), |mut text, byte| {
                write!(text, "{byte:02x}").expect("a text");
                text
            });
            writeln!(
                tables,
                "{table}: {{amd64: {{'{version}': 'sha256:{sum}'}}}}"
            )
            .expect("a text");
        }
        let variables = scratch.join("tables.yaml");
        fs::write(&variables, tables).expect("written");
        Command::new(env!("CARGO_BIN_EXE_provision"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .arg("--inventory")
            .arg(&inventory)
            .arg("playbooks/bundle.yaml")
            .arg("-e")
            .arg(format!("@{}", variables.display()))
            .arg("-e")
            .arg("containerd_install_source=tarball")
            .arg("-e")
            .arg(format!("bundle_dir={}", scratch.join("bundle").display()))
            .arg("-e")
            .arg(format!("files_repo=http://{}", self.address))
            .args(more)
            .env("HOME", scratch)
            .env("XDG_STATE_HOME", scratch.join("state"))
            .env("PATH", "/usr/bin:/bin")
            .env("NO_COLOR", "1")
            .env("no_proxy", "*")
            .stdin(Stdio::null())
            .output()
            .expect("it runs")
    }
}

/// What stands for a file.
fn content(path: &str) -> String {
    format!("stand-in for {path}\n")
}

/// Answers one request, whose path is noted before.
fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    let mut request = String::new();
    reader.read_line(&mut request).expect("a request");
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line).expect("a header");
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = content(path.trim_start_matches('/'));
    seen.lock().expect("not poisoned").push(path);
    // Who has gone needs no answer.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn assert_ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

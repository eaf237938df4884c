//! What calls of kubeadm and kubectl do to the cluster, and which script the host carries out for it. A call that is not
//! known fails and says so. Must not know how calls arrive.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::cluster::Cluster;
use super::{Shared, VERSION, sum};

/// A call with all that came along.
pub(super) struct Request {
    pub(super) host: String,
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
    pub(super) configuration: String,
    pub(super) patch: String,
    pub(super) input: String,
}

impl Request {
    /// What follows an option.
    fn option(&self, name: &str) -> Option<&str> {
        let mut arguments = self.arguments.iter();
        arguments.find(|argument| *argument == name)?;
        arguments.next().map(String::as_str)
    }

    /// The document of this kind in the configuration.
    fn document(&self, kind: &str) -> String {
        let is_it = |document: &&str| document.lines().any(|line| line == format!("kind: {kind}"));
        let mut documents = self.configuration.split("\n---\n");
        documents.find(is_it).unwrap_or_default().to_owned()
    }

    /// The value of a key in the configuration, at any depth.
    fn value(&self, key: &str) -> Option<String> {
        let mut lines = self.configuration.lines();
        let value =
            lines.find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": "))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    }
}

/// The script that the host carries out.
pub(super) fn script(request: &Request, shared: &Mutex<Shared>) -> String {
    let words: Vec<_> = request.arguments.iter().map(String::as_str).collect();
    let wait = match (&*request.program, &*words) {
        ("kubeadm", ["join", ..]) if request.value("certificateKey").is_none() => {
            wait_for_others(shared);
            Duration::from_millis(200)
        }
        // Long enough that two at once would be seen.
        ("kubeadm", ["join" | "init", "--config", ..]) => Duration::from_secs(1),
        _ => Duration::ZERO,
    };
    thread::sleep(wait);
    if request.program == "kubectl" && words.contains(&"wait") {
        return wait_ready(&words, shared);
    }
    let mut shared = shared.lock().expect("no call has panicked");
    let cluster = &mut shared.cluster;
    let done = if request.program == "kubeadm" {
        kubeadm(cluster, request, &words)
    } else {
        kubectl(cluster, request, &words)
    };
    done.unwrap_or_else(|| refuse(&format!("this call is not known: {}", words.join(" "))))
}

fn kubeadm(cluster: &mut Cluster, request: &Request, words: &[&str]) -> Option<String> {
    let host = &request.host;
    Some(match words {
        ["config", "validate", ..] | ["init", "phase", "etcd", "local", ..] => String::new(),
        ["init", "--config", _] => {
            cluster.endpoint = request.value("controlPlaneEndpoint")?;
            keep_configuration(cluster, request);
            cluster.members.insert(host.clone());
            cluster.nodes.entry(host.clone()).or_default();
            control_plane(cluster, request) + &node(cluster, request)
        }
        ["join", ..] => {
            let token = request.value("token")?;
            if !cluster.tokens.contains(&token) {
                return Some(refuse("the token is not known"));
            }
            if !request.configuration.contains("sha256:") {
                return Some(refuse("the CA is not pinned"));
            }
            let key = request.value("certificateKey");
            if key.is_some() && key != cluster.certificate_key {
                return Some(refuse("the certificates were not left with this key"));
            }
            cluster.nodes.entry(host.clone()).or_default();
            let mut script = String::new();
            if key.is_some() {
                cluster.members.insert(host.clone());
                script += &control_plane(cluster, request);
            }
            script + &node(cluster, request)
        }
        ["reset", ..] => {
            cluster.members.remove(host);
            "systemctl stop kubelet 2>/dev/null || true
rm -rf /etc/kubernetes/pki /etc/kubernetes/*.conf /var/lib/kubelet/*
rm -f /etc/kubernetes/manifests/*
"
            .to_owned()
        }
        ["init", "phase", "upload-certs", ..] => {
            cluster.certificate_key = Some(request.value("certificateKey")?);
            String::new()
        }
        ["init", "phase", "upload-config", ..] | ["init", "phase", "addon", "kube-proxy", ..] => {
            keep_configuration(cluster, request);
            String::new()
        }
        ["init", "phase", "control-plane", "all", ..] => manifests(request),
        ["init", "phase", "certs", "apiserver", ..] => certificate(request),
        ["certs", "certificate-key"] => print(&cluster.new_key()),
        ["token", "create", ..] => {
            let token = cluster.new_token();
            let endpoint = &cluster.endpoint;
            let hash = "0".repeat(64);
            print(&format!(
                "kubeadm join {endpoint} --token {token} --discovery-token-ca-cert-hash sha256:{hash}"
            ))
        }
        ["token", "delete", id, ..] => {
            cluster.tokens.retain(|token| !token.starts_with(id));
            String::new()
        }
        ["upgrade", "node", "phase", "kubelet-config", ..] => {
            kubelet_configuration(cluster, request)
        }
        _ => return None,
    })
}

fn kubectl(cluster: &mut Cluster, request: &Request, words: &[&str]) -> Option<String> {
    if words.contains(&"--raw") {
        return Some(print("ok"));
    }
    // What is asked, without the options that say where and how.
    let mut asked = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "--kubeconfig" | "--server" | "--request-timeout" | "-n" | "--namespace" | "-o"
            | "--output" | "--selector" | "--type" | "--patch-file" | "--grace-period"
            | "--timeout" | "--pod-selector" => {
                rest.next();
            }
            word if word.starts_with("--") => {}
            word => asked.push(word),
        }
    }
    let output = request
        .option("-o")
        .or_else(|| request.option("--output"))
        .unwrap_or_default();
    let answer = match *asked {
        ["get", ..] => look(cluster, &asked, output)?,
        _ => change(cluster, request, &asked)?,
    };
    Some(print(&answer))
}

/// What kubectl finds in the cluster.
fn look(cluster: &Cluster, asked: &[&str], output: &str) -> Option<String> {
    // kubectl takes a line break in a template for a text without an end; `\n` is for it to understand.
    if output.contains('\n') {
        return None;
    }
    Some(match (asked, output) {
        (["get", "nodes"], "jsonpath={.items[*].metadata.name}") => join(cluster.nodes.keys(), " "),
        (["get", "nodes"], "name") => join(
            cluster.nodes.keys().map(|name| format!("node/{name}")),
            "\n",
        ),
        // Nodes have no labels, and the taint that kubeadm gives control planes.
        (["get", "nodes"], output) if output.contains(".metadata.labels") => join(
            cluster.nodes.iter().map(|(name, node)| {
                let taint = json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]);
                let is_member = cluster.members.contains(name);
                let taints = if is_member { taint.to_string() } else { String::new() };
                let annotations = json!(node.annotations);
                format!("{name}\t\t{annotations}\t{taints}\t\t192.0.2.1")
            }),
            "\n",
        ),
        (["get", "node", name], "jsonpath={.spec.unschedulable}") => {
            let node = cluster.nodes.get(*name)?;
            if node.unschedulable { "true" } else { "" }.to_owned()
        }
        (["get", "node", name], output) if output.contains("lastHeartbeatTime") => {
            cluster.condition(name)
        }
        (["get", "node", name], output) if output.contains("cri-socket") => {
            let node = cluster.nodes.get(*name)?;
            node.annotations
                .get("kubeadm.alpha.kubernetes.io/cri-socket")
                .cloned()
                .unwrap_or_default()
        }
        (["get", "pods"], output) if output.contains("spec.nodeName") => join(
            cluster.members.iter().map(|member| {
                let ready = if cluster.is_ready(member) {
                    "True"
                } else {
                    "False"
                };
                format!("{member} {ready}")
            }),
            "\n",
        ),
        (["get", "pod", name], _) => {
            let node = name.strip_prefix("kube-apiserver-")?;
            let sum = cluster.nodes.get(node).map_or("", |node| &node.manifest);
            if sum.is_empty() {
                return None;
            }
            sum.to_owned()
        }
        (["get", "configmap", "kubelet-config"], "jsonpath={.data.kubelet}") => {
            cluster.maps.get("kubelet-config")?.get("kubelet")?.clone()
        }
        (["get", "configmap", names @ ..], "json") => {
            let maps = cluster.maps.iter().filter(|(name, _)| names.contains(name));
            let items: Vec<_> = maps
                .map(|(name, data)| json!({"metadata": {"name": name}, "data": data}))
                .collect();
            json!({ "items": items }).to_string()
        }
        _ => return None,
    })
}

/// What kubectl changes in the cluster. It prints nothing of it.
fn change(cluster: &mut Cluster, request: &Request, asked: &[&str]) -> Option<String> {
    match asked {
        ["patch", "node", name, patch] => {
            let patch: serde_json::Value = serde_json::from_str(patch).ok()?;
            if patch["metadata"]["labels"].as_object()?.is_empty() {
                let annotations = &mut cluster.nodes.get_mut(*name)?.annotations;
                for (key, value) in patch["metadata"]["annotations"].as_object()? {
                    annotations.insert(key.clone(), value.as_str()?.to_owned());
                }
            } else {
                return None;
            }
        }
        ["delete", "node", name] => {
            cluster.nodes.remove(*name);
        }
        ["patch", "configmap", "kubelet-config"] => {
            let patch: serde_json::Value = serde_json::from_str(&request.input).ok()?;
            let text = patch["data"]["kubelet"].as_str()?.to_owned();
            cluster
                .maps
                .get_mut("kubelet-config")?
                .insert("kubelet", text);
        }
        ["cordon" | "drain", name] => {
            cluster.nodes.get_mut(*name)?.unschedulable = true;
        }
        ["uncordon", name] => {
            cluster.nodes.get_mut(*name)?.unschedulable = false;
        }
        ["annotate", "node", name, annotation] => {
            let (key, value) = annotation.split_once('=')?;
            let annotations = &mut cluster.nodes.get_mut(*name)?.annotations;
            annotations.insert(key.to_owned(), value.to_owned());
        }
        ["rollout", "restart", "daemonset/kube-proxy"] => {}
        _ => return None,
    }
    Some(String::new())
}

/// Waits until as many workers are joining as are expected to at once.
fn wait_for_others(shared: &Mutex<Shared>) {
    let lock = || shared.lock().expect("no call has panicked");
    lock().workers_joining += 1;
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        let shared = lock();
        if shared.workers_joining >= shared.workers_at_once {
            break;
        }
        drop(shared);
        thread::sleep(Duration::from_millis(50));
    }
}

/// `kubectl wait` for nodes.
fn wait_ready(words: &[&str], shared: &Mutex<Shared>) -> String {
    let timeout = words
        .iter()
        .position(|word| *word == "--timeout")
        .map(|place| words[place + 1]);
    let seconds = timeout
        .and_then(|text| text.trim_end_matches('s').parse().ok())
        .unwrap_or(30);
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        let missing: Vec<_> = {
            let shared = shared.lock().expect("no call has panicked");
            let nodes = words.iter().filter_map(|word| word.strip_prefix("node/"));
            nodes
                .filter(|node| !shared.cluster.is_ready(node))
                .map(str::to_owned)
                .collect()
        };
        if missing.is_empty() {
            return String::new();
        }
        if Instant::now() > end {
            return refuse(&format!("timed out waiting for {}", missing.join(", ")));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// What the cluster keeps of the configuration that kubeadm was given.
fn keep_configuration(cluster: &mut Cluster, request: &Request) {
    for (map, entry, kind) in [
        (
            "kubeadm-config",
            "ClusterConfiguration",
            "ClusterConfiguration",
        ),
        ("kubelet-config", "kubelet", "KubeletConfiguration"),
        ("kube-proxy", "config.conf", "KubeProxyConfiguration"),
    ] {
        let mut text = request.document(kind);
        if text.is_empty() {
            continue;
        }
        // As kubeadm does where nothing is said.
        if entry == "kubelet" && !text.contains("cgroupDriver:") {
            text += "\ncgroupDriver: systemd";
        }
        cluster
            .maps
            .insert(map, BTreeMap::from([(entry, text + "\n")]));
    }
}

/// What makes a host a control plane.
fn control_plane(cluster: &Cluster, request: &Request) -> String {
    let kubeconfig = format!("# Of a stand-in.\nserver: https://{}\n", cluster.endpoint);
    let ca = file(
        "/etc/kubernetes/pki/ca.crt",
        "a stand-in for a certificate\n",
    );
    let configuration = cluster.maps["kubeadm-config"]["ClusterConfiguration"].clone();
    let request = Request {
        host: request.host.clone(),
        program: String::new(),
        arguments: Vec::new(),
        configuration,
        patch: String::new(),
        input: String::new(),
    };
    "mkdir -p /etc/kubernetes/pki /etc/kubernetes/manifests\n".to_owned()
        + &file("/etc/kubernetes/admin.conf", &kubeconfig)
        + &ca
        + &certificate(&request)
        + &manifests(&request)
}

/// What makes a host a node.
fn node(cluster: &Cluster, request: &Request) -> String {
    let kubeconfig = format!("# Of a stand-in.\nserver: https://{}\n", cluster.endpoint);
    let socket = request.value("criSocket").unwrap_or_default();
    "mkdir -p /etc/kubernetes/pki /var/lib/kubelet\n".to_owned()
        + &file(
            "/etc/kubernetes/pki/ca.crt",
            "a stand-in for a certificate\n",
        )
        + &file("/etc/kubernetes/kubelet.conf", &kubeconfig)
        + &file(
            "/var/lib/kubelet/kubeadm-flags.env",
            &format!("KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint={socket}\"\n"),
        )
        + &kubelet_configuration(cluster, request)
        + "systemctl restart kubelet\n"
}

/// The cluster's configuration of kubelets with the host's patch: where both have a key at the top, that of the patch.
fn kubelet_configuration(cluster: &Cluster, request: &Request) -> String {
    let mut parts = parts(&cluster.maps["kubelet-config"]["kubelet"]);
    parts.extend(self::parts(&request.patch));
    let text: String = parts.into_values().collect();
    file("/var/lib/kubelet/config.yaml", &text)
}

/// The entries of a YAML mapping in blocks, as texts.
fn parts(yaml: &str) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let mut key = String::new();
    for line in yaml.lines().filter(|line| !line.is_empty()) {
        if !line.starts_with([' ', '-', '#']) {
            line.split(':')
                .next()
                .unwrap_or_default()
                .clone_into(&mut key);
            parts.insert(key.clone(), String::new());
        }
        if let Some(part) = parts.get_mut(&key) {
            let _ = writeln!(part, "{line}");
        }
    }
    parts
}

/// Manifests that change with what the components are told.
fn manifests(request: &Request) -> String {
    let cluster = request.document("ClusterConfiguration");
    let told = parts(if cluster.is_empty() {
        &request.configuration
    } else {
        &cluster
    });
    let mut script = "mkdir -p /etc/kubernetes/manifests\n".to_owned();
    for (component, key) in [
        ("kube-apiserver", "apiServer"),
        ("kube-controller-manager", "controllerManager"),
        ("kube-scheduler", "scheduler"),
        ("etcd", "etcd"),
    ] {
        let told = told.get(key).cloned().unwrap_or_default();
        let text = format!("# Of a stand-in of {VERSION}.\n{told}");
        script += &file(
            &format!("/etc/kubernetes/manifests/{component}.yaml"),
            &text,
        );
    }
    script
}

/// A real certificate with the names that the API server is to have.
fn certificate(request: &Request) -> String {
    let mut names = vec![format!("DNS:{}", request.host)];
    let mut inside = false;
    for line in request.configuration.lines() {
        let line = line.trim();
        if line == "certSANs:" {
            inside = true;
        } else if let Some(name) = line.strip_prefix("- ").filter(|_| inside) {
            let name = name.trim_matches(['"', '\'']);
            let kind = if name.parse::<std::net::IpAddr>().is_ok() {
                "IP"
            } else {
                "DNS"
            };
            names.push(format!("{kind}:{name}"));
        } else {
            inside = false;
        }
    }
    format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=stand-in \
         -addext 'subjectAltName={}' -out /etc/kubernetes/pki/apiserver.crt -keyout /etc/kubernetes/pki/apiserver.key 2>/dev/null\n",
        names.join(",")
    )
}

/// Writes a file.
fn file(path: &str, text: &str) -> String {
    let end = &sum(text.as_bytes())[..12];
    format!(
        "cat >{path} <<'END-{end}'\n{}\nEND-{end}\n",
        text.trim_end()
    )
}

fn print(text: &str) -> String {
    let end = &sum(text.as_bytes())[..12];
    if text.is_empty() {
        String::new()
    } else {
        format!(
            "cat <<'END-{end}'\n{}\nEND-{end}\n",
            text.trim_end_matches('\n')
        )
    }
}

fn refuse(what: &str) -> String {
    format!("cat >&2 <<'END-refused'\nstand-in: {what}\nEND-refused\nexit 1\n")
}

fn join(texts: impl IntoIterator<Item = impl AsRef<str>>, by: &str) -> String {
    let texts: Vec<_> = texts
        .into_iter()
        .map(|text| text.as_ref().to_owned())
        .collect();
    texts.join(by)
}

"""The same work for pyinfra. Files and templates are those of the role."""

from io import StringIO
from pathlib import Path

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server

ROLE = Path(__file__).parent / "roles" / "nodeprep"
data = host.data


def text(name, path, content, mode="644"):
    return files.put(name=name, src=StringIO(content), dest=path, mode=mode, user="root", group="root")


def copied(name, path, source, mode, owner="root"):
    return files.put(name=name, src=str(ROLE / "files" / source), dest=path, mode=mode, user=owner, group=owner)


def template(name, path, source, mode="644"):
    return files.template(
        name=name, src=str(ROLE / "templates" / f"{source}.tera"), dest=path, mode=mode, user="root", group="root",
        jinja_env_kwargs={"trim_blocks": True}, **data.dict(),
    )


server.group(name="Group kube", group="kube", gid=2000, system=True)
server.group(name="Group etcd", group="etcd", gid=2001, system=True)
server.user(name="User kube", user="kube", uid=2000, group="kube", system=True, shell="/usr/sbin/nologin",
            home="/home/kube", ensure_home=False)
server.user(name="User etcd", user="etcd", uid=2001, group="etcd", system=True, shell="/usr/sbin/nologin",
            home="/home/etcd", ensure_home=False)
server.user(name="User kubeadmin", user="kubeadmin", uid=2002, shell="/bin/bash", home="/home/kubeadmin",
            ensure_home=False, create_home=True)
apt.packages(name="Packages",
             packages=["openssh-server", "ca-certificates", "iproute2", "kmod", "procps", "openssl"])
apt.packages(name="Curl", packages=["curl"])
for path, mode, owner in [
    ("/etc/kubernetes", "755", "root"),
    ("/etc/kubernetes/manifests", "700", "root"),
    ("/etc/kubernetes/ssl", "700", "kube"),
    ("/var/lib/etcd", "700", "etcd"),
    ("/etc/cni/net.d", "755", "root"),
    ("/opt/cni/bin", "755", "root"),
    ("/var/lib/kubelet", "750", "root"),
    ("/etc/systemd/system/kubelet.service.d", "755", "root"),
    ("/etc/containerd", "755", "root"),
    ("/etc/haproxy", "755", "root"),
]:
    files.directory(name=f"Directory {path}", path=path, mode=mode, user=owner, group=owner)

text("Modules to load", "/etc/modules-load.d/kubernetes.conf", "overlay\nbr_netfilter\n")
sysctl = text(
    "Kernel settings", "/etc/sysctl.d/99-kubernetes.conf",
    "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n"
    "vm.overcommit_memory = 1\nkernel.panic = 10\n",
)
text("Limits", "/etc/security/limits.d/90-kube.conf", "* soft nofile 65536\n* hard nofile 131072\n")
text("Rotation of logs", "/etc/logrotate.d/kube", "/var/log/kube/*.log {\n  daily\n  rotate 7\n  missingok\n}\n")
text("Cleaning job", "/etc/cron.d/kube-cleanup", "17 3 * * * root /usr/local/bin/node-tool cleanup\n")
copied("Audit policy", "/etc/kubernetes/audit-policy.yaml", "audit-policy.yaml", "640")
copied("CA certificate", "/etc/kubernetes/ssl/ca.crt", "ca.crt", "644", "kube")
copied("CA key", "/etc/kubernetes/ssl/ca.key", "ca.key", "600", "kube")
copied("A program of 1 MiB", "/usr/local/bin/node-tool", "node-tool", "755")

kubelet = [
    template("Configuration of kubelet", "/etc/kubernetes/kubelet-config.yaml", "kubelet-config.yaml", "640"),
    template("Environment of kubelet", "/etc/kubernetes/kubelet.env", "kubelet.env", "640"),
    template("Unit of kubelet", "/etc/systemd/system/kubelet.service", "kubelet.service"),
    template("Drop-in of kubelet", "/etc/systemd/system/kubelet.service.d/10-node.conf", "10-node.conf"),
]
containerd = template("Configuration of containerd", "/etc/containerd/config.toml", "containerd.toml")
template("Configuration of crictl", "/etc/crictl.yaml", "crictl.yaml")
etcd = [
    template("Environment of etcd", "/etc/etcd.env", "etcd.env", "640"),
    template("Unit of etcd", "/etc/systemd/system/etcd.service", "etcd.service"),
]
template("Network of pods", "/etc/cni/net.d/10-bridge.conflist", "10-bridge.conflist")
template("Manifest of kube-proxy", "/etc/kubernetes/manifests/kube-proxy.yaml", "kube-proxy.yaml", "640")
template("Configuration of haproxy", "/etc/haproxy/haproxy.cfg", "haproxy.cfg")

files.line(name="Name of the API", path="/etc/hosts", line=r".*\sapi\.bench\.local$",
           replace=f"{data.api_ip} api.bench.local")
files.replace(name="No swap in fstab", path="/etc/fstab", text=r"^\([^#].*\sswap\s.*\)$", replace=r"# \1")
files.line(name="Umask", path="/etc/login.defs", line=r"^UMASK.*", replace="UMASK\t\t027")
files.line(name="Kubeconfig in the profile", path="/etc/profile",
           line="export KUBECONFIG=/etc/kubernetes/admin.conf")
files.line(name="An alias in bashrc", path="/etc/bash.bashrc", line="alias k=kubectl")
files.link(name="Link of the program", path="/usr/local/bin/kubectl-node", target="node-tool")
files.link(name="Link of the certificates", path="/etc/kubernetes/current", target="/etc/kubernetes/ssl")
files.link(name="Link of the logs", path="/var/log/kube", target="/var/lib/kubelet")

kernel = host.get_fact(Command, "uname -r")
swaps = host.get_fact(Command, "tail -n +2 /proc/swaps")
# Facts are read before the first operation: the account is not there on the first run, and its id is given above.
kube_uid = host.get_fact(Command, "getent passwd kube | cut -d: -f3") or "2000"
if not host.get_fact(File, "/etc/kubernetes/node-id"):
    server.shell(name="Id of the node, once", commands="cp /etc/machine-id /etc/kubernetes/node-id")
if not host.get_fact(File, "/var/lib/kubelet/.initialized"):
    server.shell(name="Initialise, once", commands="touch /var/lib/kubelet/.initialized")
if swaps == "none":
    server.shell(name="Swap off", commands="swapoff --all")
assert tuple(int(part) for part in kernel.split(".")[:2]) >= (4, 19)
text("Node info from registered values", "/etc/kubernetes/node.info", f"kernel={kernel}\nkube_uid={kube_uid}\n")
if not host.get_fact(File, "/etc/kubernetes/kubeadm-join.conf"):
    text("Bootstrap configuration", "/etc/kubernetes/bootstrap.conf",
         f"bootstrap: {data.node_name}\ncidr: {data.service_cidr}\n", "600")

for mark, operations in [
    ("sysctl-reloaded", [sysctl]),
    ("kubelet-restarted", kubelet),
    ("containerd-restarted", [containerd]),
    ("etcd-restarted", etcd),
]:
    server.shell(name=f"Leave {mark}", commands=f"touch /run/{mark}",
                 _if=lambda operations=operations: any(operation.did_change() for operation in operations))

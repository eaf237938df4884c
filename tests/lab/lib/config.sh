# Settings of the lab, and the names and addresses that follow from them.
#
# Whatever the lab makes on this machine is named after LAB_BRIDGE or lies below LAB_DIR: a second lab
# runs beside the first when it is given another LAB_DIR, LAB_BRIDGE and LAB_NET.

# Everything the lab keeps on disk: caches, keys, and the hosts themselves (below run/).
export LAB_DIR=${LAB_DIR:-/var/tmp/provision-lab}
# The bridge that joins the hosts; also the name of the lab's cgroup and the prefix of its links and namespaces.
export LAB_BRIDGE=${LAB_BRIDGE:-labbr0}
# First three bytes of the hosts' network, a /24.
export LAB_NET=${LAB_NET:-10.199.0}
# Size of a host's disk. The image is sparse: it takes what the host has written.
LAB_DISK=${LAB_DISK:-8G}
# Seconds that a host may take to boot.
LAB_WAIT=${LAB_WAIT:-120}
# More packages for the base of hosts that are made from now on, divided by commas: what a benchmark's peers need.
LAB_PACKAGES=${LAB_PACKAGES:-}
# Where `up` and `down` write the inventory of the hosts that are up.
LAB_INVENTORY=${LAB_INVENTORY:-$(dirname "$(dirname "$LAB_HOME")")/inventory/lab.yaml}

readonly HOSTS_MAX=100
readonly FIRST_ADDRESS=10 # h1 comes after it
readonly DEFAULT_SUITE=bookworm
readonly DEFAULT_CGROUP=v2
readonly GATEWAY=$LAB_NET.1
readonly PROXY_PORT=3142
readonly SSH_KEY=$LAB_DIR/key
readonly KNOWN_HOSTS=$LAB_DIR/known_hosts
readonly RUN_DIR=$LAB_DIR/run

# Directories of container runtimes and of the kubelet. They use overlayfs, which cannot lie on the overlayfs that
# a host's root is: each is bound from the host's disk.
readonly RUNTIME_DIRS=(containerd containers docker etcd kubelet)

host_dir() { echo "$RUN_DIR/$1"; }
host_address() { echo "$LAB_NET.$((FIRST_ADDRESS + ${1#h}))"; }
host_link() { echo "$LAB_BRIDGE-$1"; }
host_netns() { echo "$LAB_BRIDGE-$1"; }

# Ends the command if the settings or the machine cannot carry a lab at all.
config_check() {
  [[ $(id -u) = 0 ]] || die "the lab makes network namespaces, mounts and cgroups: run it as root"
  [[ $LAB_DIR = /* ]] || die "LAB_DIR must be an absolute path, not \`$LAB_DIR\`"
  # The kernel takes names of up to 15 characters, and the longest link is BRIDGE-h100.
  [[ $LAB_BRIDGE =~ ^[a-zA-Z0-9_]{1,10}$ ]] || die "LAB_BRIDGE must be 1 to 10 letters or digits, not \`$LAB_BRIDGE\`"
  [[ $LAB_NET =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "LAB_NET must be the first three bytes of a network, not \`$LAB_NET\`"
}

# Ends the command unless $1 is the name of a host that a lab can have.
host_check_name() {
  [[ -n $1 ]] || die "which host? \`lab help\` shows where its name goes"
  [[ $1 =~ ^h[1-9][0-9]{0,2}$ && ${1#h} -le $HOSTS_MAX ]] || die "no host is called \`$1\`: they are h1 to h$HOSTS_MAX"
}

# Ends the command unless host $1 exists.
host_check() {
  host_check_name "$1"
  [[ -d $(host_dir "$1") ]] || die "there is no host $1: \`lab status\` lists the hosts, \`lab up\` makes them"
}

# Names of the hosts that exist, in order.
hosts() {
  [[ -d $RUN_DIR ]] || return 0
  find "$RUN_DIR" -mindepth 1 -maxdepth 1 -type d -name 'h*' -printf '%f\n' | sort -V
}

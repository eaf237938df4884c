# The settings of this machine's kernel that the lab changes while it is up. Hosts share the kernel and cannot change them;
# what the lab changes it says, and puts back when it goes down. All labs on this machine do that together: a setting
# stays until the last of them is down.

readonly SETTINGS_DIR=/run/provision-lab
readonly SETTINGS_BEFORE=$SETTINGS_DIR/before # a file for each changed setting, with its value
readonly SETTINGS_USERS=$SETTINGS_DIR/users   # a file for each lab, named after its bridge

# systemd and its services take about six inotify instances for each host, all of them as root; the kernel's usual 128
# carry 12 hosts with a margin.
readonly INOTIFY_PER_HOST=8
readonly INOTIFY_MARGIN=32

# What a kubelet writes when it starts, and what Kubespray's roles write: on a host they find it as they want it. A
# kubelet that cannot write what it finds different ends.
readonly KUBELET_SETTINGS=(
  fs.inotify.max_user_instances=8192
  kernel.keys.root_maxbytes=25000000
  kernel.keys.root_maxkeys=1000000
  kernel.panic=10
  kernel.panic_on_oops=1
  vm.overcommit_memory=1
  vm.panic_on_oom=0
)

# Makes room for $1 hosts.
settings_for_hosts() {
  local needed=$(($1 * INOTIFY_PER_HOST + INOTIFY_MARGIN))
  settings_lock
  touch "$SETTINGS_USERS/$LAB_BRIDGE"
  ((needed <= $(setting_read fs.inotify.max_user_instances))) ||
    setting_change fs.inotify.max_user_instances "$needed"
  settings_unlock
}

settings_for_kubelets() {
  local setting
  settings_lock
  for setting in "${KUBELET_SETTINGS[@]}"; do
    [[ $(setting_read "${setting%=*}") = "${setting#*=}" ]] || setting_change "${setting%=*}" "${setting#*=}"
  done
  settings_unlock
}

settings_restore() {
  local before
  settings_lock
  rm -f "$SETTINGS_USERS/$LAB_BRIDGE"
  if [[ -z $(ls "$SETTINGS_USERS") ]]; then
    for before in "$SETTINGS_BEFORE"/*; do
      [[ ! -f $before ]] || cat "$before" >"$(setting_file "$(basename "$before")")"
    done
    rm -rf "$SETTINGS_DIR"
  fi
  settings_unlock
}

# Keeps other labs from the settings until settings_unlock. The lock is no file of SETTINGS_DIR, which comes and goes.
settings_lock() {
  exec {SETTINGS_LOCK}</run
  flock "$SETTINGS_LOCK"
  mkdir -p "$SETTINGS_BEFORE" "$SETTINGS_USERS"
}

settings_unlock() { exec {SETTINGS_LOCK}<&-; }

setting_file() { echo "/proc/sys/${1//.//}"; }
setting_read() { cat "$(setting_file "$1")"; }

setting_change() {
  local name=$1 value=$2 now
  now=$(setting_read "$name")
  say "changing $name of this machine from $now to $value until \`lab down\`"
  [[ -f $SETTINGS_BEFORE/$name ]] || echo "$now" >"$SETTINGS_BEFORE/$name"
  echo "$value" >"$(setting_file "$name")"
}

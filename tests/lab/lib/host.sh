# A host: a directory below run/ with its disk and logs, a link to the bridge, a cgroup, and a keeper that boots it.

# --- making and removing -------------------------------------------------------------------------------------------

# Makes host $1 unless it is there, and powers it on.
host_up() {
  local host=$1
  if ! host_is_made "$host"; then
    host_remove "$host" # what an interrupted command may have left
    host_create "$host" "$BASE_DIR" "$CGROUP_VERSION"
  fi
  host_power_on "$host"
}

# Makes host $1 from base directory $2, on cgroup version $3; it is not started.
host_create() {
  local host=$1 base=$2 version=$3 dir
  dir=$(host_dir "$host")
  mkdir -p "$dir"
  ln -s "$base" "$dir/base"
  echo "$version" >"$dir/cgroup"
  disk_create "$dir"
  disk_mount "$dir"
  host_furnish "$host" "$dir/root" "$version"
  touch "$dir/made"
}

host_is_made() { [[ -e $(host_dir "$1")/made ]]; }

# Writes into root directory $2 what the base lacks: the files of every lab host, those of the hosts on cgroup version
# $3, and those of host $1 alone.
host_furnish() {
  local host=$1 root=$2 version=$3
  cp --recursive "$LAB_HOME/host-files/." "$LAB_HOME/host-files-$version/." "$root"
  chmod 440 "$root/etc/sudoers.d/ops"
  echo "$host" >"$root/etc/hostname"
  host_names >"$root/etc/hosts"
  echo "nameserver $GATEWAY" >"$root/etc/resolv.conf"
  # Without a machine id systemd takes the boot for the first one and enables units by its presets.
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  {
    echo "Acquire::http::Proxy \"http://$GATEWAY:$PROXY_PORT\";"
    # The proxy closes connections on which apt has sent requests ahead, and apt then waits for their answers for ever.
    echo 'Acquire::http::Pipeline-Depth "0";'
    # Recommended packages would bring Python in, among others with containerd.
    echo 'APT::Install-Recommends "false";'
    base_apt_settings
  } >"$root/etc/apt/apt.conf.d/90lab"
  cp --preserve=mode "$LAB_DIR/host-keys/$host/"* "$root/etc/ssh/"
  host_authorize "$root/root" 0
  host_authorize "$root/home/ops" 1000
}

# Lets the lab's key log in to the account with home directory $1 and user id $2.
host_authorize() {
  local home=$1 uid=$2
  install -d -m 700 -o "$uid" -g "$uid" "$home/.ssh"
  install -m 600 -o "$uid" -g "$uid" "$SSH_KEY.pub" "$home/.ssh/authorized_keys"
}

# /etc/hosts with every host that a lab can have: it need not change when hosts come and go.
host_names() {
  local number
  echo "127.0.0.1 localhost"
  echo "::1 localhost ip6-localhost ip6-loopback"
  for ((number = 1; number <= HOSTS_MAX; number++)); do echo "$LAB_NET.$((FIRST_ADDRESS + number)) h$number"; done
}

host_remove() {
  local host=$1 dir
  dir=$(host_dir "$host")
  cgroup_end "$host"
  network_detach "$host"
  disk_unmount "$dir"
  rm -rf --one-file-system "$dir"
}

# Puts host $1 back to how it was made and boots it: same base, same address, same keys, nothing else kept.
host_reset() {
  local host=$1 base version
  base=$(readlink "$(host_dir "$host")/base")
  version=$(host_cgroup "$host")
  host_remove "$host"
  host_create "$host" "$base" "$version"
  host_power_on "$host"
}

# --- power ---------------------------------------------------------------------------------------------------------

# Boots host $1 and waits until it can be used; a host that is up stays as it is, whatever has failed on it since.
host_power_on() {
  local host=$1 started
  started=$(milliseconds)
  case $(host_state "$host") in
  off) host_boot "$host" ;;
  running) host_report "$host" "is up" && return ;;
  degraded) host_report "$host" "is up, with failed units" && return ;;
  frozen) die "$host is frozen; \`lab fault $host thaw\` lets it go on" ;;
  stopping) die "$host is shutting down; \`lab fault $host kill\` ends that" ;;
  esac
  host_wait "$host"
  host_report "$host" "up after $(($(milliseconds) - started)) ms"
}

host_boot() {
  local host=$1 dir
  dir=$(host_dir "$host")
  disk_mount "$dir"
  network_is_attached "$host" || network_attach "$host"
  ip link set "$(host_link "$host")" up
  # The keeper outlives this command, so it must hold neither the lock nor the terminal.
  setsid "$LAB_HOME/keeper" "$host" "$(host_cgroup "$host")" </dev/null >>"$dir/keeper.log" 2>&1 {LOCK}>&- &
  # From here on the host counts as on for as long as its keeper lives.
  while ! host_is_on "$host" && kill -0 $! 2>/dev/null; do sleep 0.05; done
}

# Cuts the power: the link first, so that no farewell of a dying process reaches its peers.
host_power_off() {
  ip link set "$(host_link "$1")" down
  cgroup_end "$1"
}

host_is_on() { cgroup_is_populated "$1"; }

# Waits until the lab's key logs in to host $1 and systemd there has finished booting without a failed unit.
host_wait() {
  local host=$1 dir deadline=$((SECONDS + LAB_WAIT)) state=
  dir=$(host_dir "$host")
  until [[ $state = running ]]; do
    host_is_on "$host" || die "$host went off while booting: see $dir/console.log and $dir/keeper.log"
    ((SECONDS < deadline)) || die "$host is not up after $LAB_WAIT s (${state:-no answer from its sshd}): see $dir/console.log"
    sleep 0.1
    state=$(host_ssh "$host" timeout "$LAB_WAIT" systemctl is-system-running --wait </dev/null 2>/dev/null) || true
    [[ $state != degraded ]] || die "$host has failed units: \`lab exec $host -- systemctl --failed\` lists them"
  done
}

# --- asking --------------------------------------------------------------------------------------------------------

host_suite() {
  local base
  base=$(basename "$(readlink "$(host_dir "$1")/base")")
  echo "${base%-*}"
}

# Which version of cgroups host $1 runs on: v1 or v2.
host_cgroup() { cat "$(host_dir "$1")/cgroup"; }

# The hosts that run on version $1 of cgroups.
hosts_of_cgroup() {
  local host
  while read -r host; do
    ! host_is_made "$host" || [[ $(host_cgroup "$host") != "$1" ]] || echo "$host"
  done < <(hosts)
}

host_report() { printf '%-5s %-15s %-9s %s\n' "$1" "$(host_address "$1")" "$(host_suite "$1")" "$2"; }

# Process id, on this machine, of the systemd of host $1; nothing when the host is off.
host_init() {
  local dir
  while read -r dir; do
    head -n 1 "$dir/payload/init.scope/cgroup.procs" 2>/dev/null || true
  done < <(cgroup_dirs "$1")
}

host_state() {
  local host=$1 init state
  host_is_on "$host" || { echo off && return; }
  [[ $(<"$(cgroup_dir "$host")/cgroup.freeze") = 0 ]] || { echo frozen && return; }
  init=$(host_init "$host")
  [[ -n $init ]] || { echo booting && return; }
  # The last part of a shutdown, in which systemd has handed over to another program.
  [[ $(ps --no-headers -o comm --pid "$init") != systemd-shutdow* ]] || { echo stopping && return; }
  state=$(nsenter --all --target "$init" timeout 2 systemctl is-system-running 2>/dev/null) || true
  case $state in
  "" | initializing | starting | offline) echo booting ;;
  *) echo "$state" ;;
  esac
}

# Time since host $1 was booted, as ps writes it; nothing when the host is off.
host_uptime() {
  local init
  init=$(host_init "$1")
  [[ -z $init ]] || ps --no-headers -o etime --pid "$init" | tr -d ' '
}

# Runs ssh as root on host $1, with the rest of the arguments; OPTIONS of ssh may come first.
host_ssh() {
  local host=$1
  shift
  ssh -F /dev/null -i "$SSH_KEY" -o IdentitiesOnly=yes -o ConnectTimeout=5 -o LogLevel=ERROR \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$KNOWN_HOSTS" -o GlobalKnownHostsFile=/dev/null \
    "root@$(host_address "$host")" "$@"
}

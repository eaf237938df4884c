# The cgroups of the lab: one for each host and one for the apt proxy, all below a cgroup named after the bridge.
#
# They are the lab's process table. Whatever a host starts, containers and their shims included, stays below the
# host's cgroup, so ending it ends the whole host and nothing else: there are no pid files that could go stale.
# That holds for a host on cgroup v1 as well: it has no access to cgroup v2 and so stays where it was put there.

# The root of cgroup v2, and the v1 hierarchy of systemd that some machines have beside it. systemd-nspawn makes
# cgroups of the same names for every container in both, so both need one for each host.
CGROUP2=
CGROUP_ROOTS=()

readonly CGROUP_VERSIONS=(v1 v2)

cgroup_find_roots() {
  local path type options
  while read -r _ path type options _; do
    if [[ $type = cgroup2 && -z $CGROUP2 ]]; then
      CGROUP2=$path
      CGROUP_ROOTS+=("$path")
    elif [[ $type = cgroup && $options = *name=systemd* ]]; then
      CGROUP_ROOTS+=("$path")
    fi
  done </proc/self/mounts
}
cgroup_find_roots

cgroup_check() {
  [[ -n $CGROUP2 ]] || die "no cgroup v2 is mounted on this machine; the lab keeps its hosts in it"
}

cgroup_check_version() {
  [[ " ${CGROUP_VERSIONS[*]} " = *" $1 "* ]] || die "--cgroup must be one of ${CGROUP_VERSIONS[*]}, not \`$1\`"
}

cgroup_dir() { echo "$CGROUP2/$LAB_BRIDGE/$1"; }

# Moves the calling process into cgroup $1.
cgroup_enter() {
  local root
  for root in "${CGROUP_ROOTS[@]}"; do
    mkdir -p "$root/$LAB_BRIDGE/$1"
    echo "$BASHPID" >"$root/$LAB_BRIDGE/$1/cgroup.procs"
  done
}

# Whether a process is alive in cgroup $1.
cgroup_is_populated() {
  grep --quiet --no-messages 'populated 1' "$(cgroup_dir "$1")/cgroup.events"
}

# Kills all that runs in cgroup $1, waits until it is gone, and removes the cgroup.
#
# A killed cgroup must not be used again: some kernels (6.18 is one) then kill whatever a process in it clones into a
# cgroup made later, which is how newer systemd starts every service.
cgroup_end() {
  local dir
  dir=$(cgroup_dir "$1")
  if [[ -d $dir ]]; then
    echo 1 >"$dir/cgroup.kill"
    controllers_thaw "$1"
    while cgroup_is_populated "$1"; do sleep 0.02; done
  fi
  cgroup_remove "$1"
}

# Ends what a host has left behind below its cgroup $1 although its systemd has ended, and removes the cgroups below:
# a machine that boots has none. The calling process is in $1 itself and goes on.
cgroup_clear() {
  local dir
  for dir in "$(cgroup_dir "$1")"/*/; do
    [[ -d $dir ]] || continue
    echo 1 >"$dir/cgroup.kill"
    controllers_thaw "$1"
    while grep --quiet 'populated 1' "$dir/cgroup.events"; do sleep 0.02; done
  done
  while read -r dir; do
    find "$dir" -mindepth 1 -depth -type d -delete
  done < <(cgroup_dirs "$1")
}

# Removes the empty cgroup $1, or with no argument that of the whole lab.
cgroup_remove() {
  local dir
  while read -r dir; do
    find "$dir" -depth -type d -delete
  done < <(cgroup_dirs "${1:-}")
}

# The cgroups $1 in all hierarchies: those that there are.
cgroup_dirs() {
  local root
  for root in "${CGROUP_ROOTS[@]}"; do
    [[ ! -d $root/$LAB_BRIDGE/$1 ]] || echo "$root/$LAB_BRIDGE/$1"
  done
  controllers_dirs "$1"
}

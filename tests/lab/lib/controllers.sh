# The controllers of cgroup v1, for the hosts that run on it: containers there have limits, and a kubelet runs.
#
# Each v1 hierarchy of this machine gets a cgroup named after the bridge, and below it one for each such host. A
# host sees its own as the root of the hierarchy. What is in them is ended through cgroup v2, see cgroup.sh.

# Which v1 hierarchy of this machine is mounted where: by controller, or by controllers joined with commas.
declare -A CONTROLLERS=()

# What a kubelet asks of a machine. Hosts cannot do without it, so a machine that lacks one carries no v1 host.
readonly CONTROLLERS_NEEDED=(blkio cpu cpuacct cpuset devices freezer memory pids)

# Where the memory cgroup of the lab lies. It is below that of whoever first brings up a host on cgroup v1, for the limit
# set for them is to hold for the lab as well; a later command may run in another.
readonly MEMORY_PARENT=$RUN_DIR/memory-parent

controllers_find() {
  local path type options option names
  while read -r _ path type options _; do
    [[ $type = cgroup && $options != *name=* ]] || continue
    names=
    for option in ${options//,/ }; do
      [[ " ${CONTROLLERS_NEEDED[*]} " != *" $option "* ]] || names+=${names:+,}$option
    done
    [[ -z $names ]] || CONTROLLERS[$names]=$path
  done </proc/self/mounts
}
controllers_find

controllers_check() {
  local name found
  found=,$(IFS=, && echo "${!CONTROLLERS[*]}"),
  for name in "${CONTROLLERS_NEEDED[@]}"; do
    [[ $found = *",$name,"* ]] ||
      die "this machine has no cgroup v1 hierarchy with the controller $name mounted; a host with --cgroup v1 needs it"
  done
}

# The lab's own cgroup in the hierarchy of controllers $1.
controllers_dir() {
  local parent=
  [[ ,$1, != *,memory,* || ! -f $MEMORY_PARENT ]] || parent=$(<"$MEMORY_PARENT")
  echo "${CONTROLLERS[$1]}${parent%/}/$LAB_BRIDGE"
}

# Makes the lab's own cgroup in every hierarchy.
controllers_up() {
  local names dir
  for names in "${!CONTROLLERS[@]}"; do
    dir=$(controllers_dir "$names")
    [[ ! -d $dir ]] || continue
    case ,$names, in
    *,memory,*) controllers_place && dir=$(controllers_dir "$names") ;;
    esac
    mkdir "$dir"
    case ,$names, in
    *,cpuset,*) controllers_open_cpuset "$dir" ;;
    esac
  done
}

# Notes where the memory cgroup of the lab lies from now on: below this process's own.
controllers_place() {
  mkdir -p "$RUN_DIR"
  sed -n -E 's/^[0-9]+:([^:]*,)?memory(,[^:]*)?://p' /proc/self/cgroup >"$MEMORY_PARENT"
}

# A cpuset begins without processors. With clone_children those below begin with all that it has.
controllers_open_cpuset() {
  local file
  for file in cpuset.cpus cpuset.mems; do cat "$(dirname "$1")/$file" >"$1/$file"; done
  echo 1 >"$1/cgroup.clone_children"
}

# What `cgroup_remove` of the lab's own cgroups leaves.
controllers_down() { rm -f "$MEMORY_PARENT"; }

# Moves the calling process into cgroup $1 of every hierarchy.
controllers_enter() {
  local names dir
  for names in "${!CONTROLLERS[@]}"; do
    dir=$(controllers_dir "$names")/$1
    mkdir -p "$dir"
    echo "$BASHPID" >"$dir/cgroup.procs"
  done
}

# Lets go on what the freezer holds in cgroup $1: a container that is paused does not even die.
controllers_thaw() {
  local dir state
  while read -r dir; do
    while read -r state; do
      echo THAWED >"$state"
    done < <(find "$dir" -name freezer.state)
  done < <(controllers_dirs "$1")
}

# The cgroups $1 in all hierarchies, or with no argument the lab's own: those that there are.
controllers_dirs() {
  local names dir
  for names in "${!CONTROLLERS[@]}"; do
    dir=$(controllers_dir "$names")/${1:-}
    [[ ! -d $dir ]] || echo "$dir"
  done
}

# What can go wrong with a host, on demand. `lab reset` undoes every fault.

# fault HOST KIND [ARGUMENT]
fault() {
  local host=$1 kind=${2:-} argument=${3:-}
  [[ $kind =~ ^(drop|only-from|rate)$ || -z $argument ]] || die "fault $kind takes no argument"
  case $kind in
  poweroff) host_power_off "$host" ;;
  kill) cgroup_end "$host" ;;
  start) host_power_on "$host" ;;
  freeze) echo 1 >"$(cgroup_dir "$host")/cgroup.freeze" ;;
  thaw) echo 0 >"$(cgroup_dir "$host")/cgroup.freeze" ;;
  unplug) ip link set "$(host_link "$host")" down ;;
  plug) ip link set "$(host_link "$host")" up ;;
  drop) fault_drop "$host" "$argument" ;;
  only-from) fault_only_from "$host" "$argument" ;;
  undrop | from-all) nft delete table netdev "$(host_link "$host")" 2>/dev/null || true ;;
  rate) fault_rate "$host" "$argument" ;;
  unrate) fault_unrate "$host" ;;
  fill) fault_fill "$host" ;;
  unfill) rm -f "$(host_dir "$host")/disk/filler" ;;
  *) die "no fault is called \`$kind\`: see \`lab help\`" ;;
  esac
}

# Loses every packet to one TCP port of the host, on this machine's end of the link: nothing in the host shows it.
fault_drop() {
  local link port=$2
  link=$(host_link "$1")
  [[ $port =~ ^[0-9]+$ ]] || die "fault drop needs the number of a port"
  nft -f - <<END
table netdev $link {
  chain to_host {
    type filter hook egress device "$link" priority 0
    tcp dport $port drop
  }
}
END
}

# Loses what would open a connection to the host, unless it comes from one other host: it can be reached through that one
# only, and can itself connect to any.
fault_only_from() {
  local link other=$2
  link=$(host_link "$1")
  host_check "$other"
  nft -f - <<END
table netdev $link {
  chain to_host {
    type filter hook egress device "$link" priority 0
    ip saddr != $(host_address "$other") tcp flags & (syn | ack) == syn drop
  }
}
END
}

# Limits the link to a rate in either direction, written as for tc: 1mbit, 200kbit.
fault_rate() {
  local host=$1 rate=$2
  [[ -n $rate ]] || die "fault rate needs a rate, such as 1mbit"
  tc qdisc replace dev "$(host_link "$host")" root tbf rate "$rate" burst 16kb latency 400ms
  tc -netns "$(host_netns "$host")" qdisc replace dev eth0 root tbf rate "$rate" burst 16kb latency 400ms
}

fault_unrate() {
  local host=$1
  tc qdisc delete dev "$(host_link "$host")" root 2>/dev/null || true
  tc -netns "$(host_netns "$host")" qdisc delete dev eth0 root 2>/dev/null || true
}

# Takes all of the free space on the host's disk, with a file that the host itself does not see. The last blocks go to
# the file system's own record of it, so that fallocate ends with "no space left": that is what is wanted.
fault_fill() {
  local disk
  disk=$(host_dir "$1")/disk
  rm -f "$disk/filler"
  fallocate --length "$(df --output=avail --block-size=1 "$disk" | tail -n 1)" "$disk/filler" 2>/dev/null || true
}

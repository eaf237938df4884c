# The network of the lab: a bridge on this machine, and for each host a network namespace with one link to it.

network_up() {
  [[ -z $(ip -oneline link show dev "$LAB_BRIDGE" up 2>/dev/null) ]] || return 0
  network_down # what an interrupted command may have left
  ip link add "$LAB_BRIDGE" address "$(network_mac "$GATEWAY")" type bridge
  echo 1 >"/proc/sys/net/ipv6/conf/$LAB_BRIDGE/disable_ipv6"
  network_confine
  # What is meant for a host never takes this machine's default route.
  ip route replace unreachable "$LAB_NET.0/24" metric 4294967295
  ip address add "$GATEWAY/24" dev "$LAB_BRIDGE"
  ip link set "$LAB_BRIDGE" up
}

# Hosts reach each other and this machine and nothing else, even where this machine forwards packets for others; and
# they are told at once, so that nothing in them waits for an answer from outside. Between hosts there may be any
# address, such as those of pods: where the kernel shows bridged packets to this table, they go to a host's hardware.
network_confine() {
  nft -f - <<END
table inet $LAB_BRIDGE {
  chain from_hosts {
    type filter hook prerouting priority raw
    iifname "$LAB_BRIDGE" ether daddr $(network_mac "$GATEWAY") ip daddr != $LAB_NET.0/24 fib daddr type != { local, broadcast, multicast } \\
      reject with icmp host-unreachable
  }
}
END
}

network_down() {
  ip link delete "$LAB_BRIDGE" 2>/dev/null || true
  nft delete table inet "$LAB_BRIDGE" 2>/dev/null || true
  ip route delete unreachable "$LAB_NET.0/24" metric 4294967295 2>/dev/null || true
}

# The hardware address that goes with address $1. It is fixed: neighbours that remember it from before a reset are not
# misled.
network_mac() {
  # shellcheck disable=SC2086 # the address in four words
  printf '02:00:%02x:%02x:%02x:%02x' ${1//./ }
}

network_attach() {
  local host=$1 link netns address mac
  link=$(host_link "$host")
  netns=$(host_netns "$host")
  address=$(host_address "$host")
  mac=$(network_mac "$address")
  network_detach "$host"
  ip netns add "$netns"
  ip -batch - <<END
link add $link type veth peer name eth0 address $mac netns $netns
link set $link master $LAB_BRIDGE up
END
  ip -netns "$netns" -batch - <<END
link set lo up
address add $address/24 dev eth0
link set eth0 up
route add default via $GATEWAY
END
}

network_detach() {
  local host=$1
  ip link delete "$(host_link "$host")" 2>/dev/null || true
  ip netns delete "$(host_netns "$host")" 2>/dev/null || true
  nft delete table netdev "$(host_link "$host")" 2>/dev/null || true
}

network_is_attached() {
  [[ -e /run/netns/$(host_netns "$1") && -e /sys/class/net/$(host_link "$1") ]]
}

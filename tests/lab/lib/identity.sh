# Who is who in the lab: the key that logs in to every host, each host's own keys, and the known_hosts file.
#
# Keys outlive the hosts. A host that was reset, or removed and made again, is the same host to its clients.

identity_create_login_key() {
  [[ -f $SSH_KEY ]] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$SSH_KEY"
}

identity_create_host_keys() {
  local host type file
  for host; do
    mkdir -p "$LAB_DIR/host-keys/$host"
    for type in ed25519 ecdsa; do
      file=$LAB_DIR/host-keys/$host/ssh_host_${type}_key
      [[ -f $file ]] || ssh-keygen -q -t "$type" -N '' -C "$host" -f "$file"
    done
  done
  identity_write_known_hosts
}

identity_write_known_hosts() {
  local file type key host
  for file in "$LAB_DIR"/host-keys/h*/*.pub; do
    read -r type key host <"$file"
    echo "$host,$(host_address "$host") $type $key"
  done >"$KNOWN_HOSTS.new"
  mv "$KNOWN_HOSTS.new" "$KNOWN_HOSTS"
}

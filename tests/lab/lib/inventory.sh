# The inventory of the hosts that are on, for `provision` and for Ansible.

# shellcheck disable=SC2016 # the quotes of a command's name
readonly INVENTORY_TITLE='# Written by `tests/lab/lab up`; do not edit.'

inventory_write() {
  local file=$1
  mkdir -p "$(dirname "$file")"
  inventory_print >"$file.new"
  mv "$file.new" "$file"
}

inventory_print() {
  local host
  cat <<END
$INVENTORY_TITLE
all:
  vars:
    ansible_user: ops
    ansible_become: true
    ansible_ssh_private_key_file: $SSH_KEY
    ansible_ssh_known_hosts_file: $KNOWN_HOSTS
  children:
    k8s_cluster:
      hosts:
END
  while read -r host; do
    ! host_is_on "$host" || echo "        $host: {ansible_host: $(host_address "$host")}"
  done < <(hosts)
}

# Removes the inventory of a lab that is gone, unless somebody has put a file of their own in its place.
inventory_remove() {
  local file=$1
  [[ ! -f $file || $(head -n 1 "$file") != "$INVENTORY_TITLE" ]] || rm -f "$file"
}

# The Debian packages that the lab needs on this machine.

readonly PACKAGES=(
  apt-cacher-ng busybox-static e2fsprogs iproute2 mmdebstrap nftables openssh-client systemd-container zstd
)

packages_missing() {
  local package
  for package in "${PACKAGES[@]}"; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) = installed ]] || echo "$package"
  done
}

packages_install() {
  local missing
  mapfile -t missing < <(packages_missing)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  # The lab runs an apt-cacher-ng of its own while it is up. The package's daemon would listen on every address of
  # this machine, so a fresh installation is kept from enabling it; one that was there before is left as it is.
  [[ " ${missing[*]} " != *" apt-cacher-ng "* ]] || systemctl --quiet mask apt-cacher-ng.service
  apt-get --quiet update
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes --no-install-recommends install "${missing[@]}"
}

packages_check() {
  local missing
  mapfile -t missing < <(packages_missing)
  ((${#missing[@]} == 0)) || die "not installed: ${missing[*]}; run \`lab install\`"
}

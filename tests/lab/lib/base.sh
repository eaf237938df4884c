# The base file system of each suite: a small Debian with systemd and sshd, the lower layer of every host's root.
#
# It is built once per recipe and kept twice: packed below cache/, and unpacked below base/ for the hosts to share.
# The name of both ends in a hash of the recipe, so a changed recipe builds anew beside the old one.

readonly SUITES=(bookworm trixie)

# No Python, on purpose: the hosts show that none is needed. LAB_PACKAGES adds what others need of a host.
readonly BASE_PACKAGES=(
  ca-certificates dbus iproute2 iputils-ping kmod libpam-systemd netbase openssh-server procps sudo systemd
  systemd-sysv
)

base_check_suite() {
  [[ " ${SUITES[*]} " = *" $1 "* ]] || die "no suite is called \`$1\`: there are ${SUITES[*]}"
}

# Ends the command unless a host of suite $1 can run on cgroup v1.
base_check_v1() {
  [[ $1 = bookworm ]] || die "--cgroup v1 is for bookworm only: the systemd of $1 refuses to boot on cgroup v1"
}

# The mirror of this machine's own apt sources that carries the archive with label $1.
base_mirror() {
  # shellcheck disable=SC2016 # apt's variable, not the shell's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' "Label: $1" | head -n 1
}

base_sources() {
  local suite=$1 mirror security
  mirror=$(base_mirror Debian)
  security=$(base_mirror Debian-Security)
  [[ -n $mirror ]] || die "the apt sources of this machine name no Debian mirror (or \`apt-get update\` was never run)"
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  [[ -z $security ]] || echo "deb $security $suite-security main"
}

# apt settings that this machine's mirrors call for: one that is a snapshot serves index files past their date.
base_apt_settings() {
  apt-config dump --no-empty Acquire::Check-Valid-Until Acquire::Check-Date
}

# The arguments of mmdebstrap that make the base, one a line.
base_recipe() {
  local directory setting
  echo --variant=apt
  echo "--include=$(IFS=, && echo "${BASE_PACKAGES[*]}${LAB_PACKAGES:+,$LAB_PACKAGES}")"
  for directory in doc locale man; do echo "--dpkgopt=path-exclude=/usr/share/$directory/*"; done
  while read -r setting; do echo "--aptopt=$setting"; done < <(base_apt_settings)
  cat <<'END'
--customize-hook=rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/etc/resolv.conf
--customize-hook=chroot "$1" useradd --create-home --uid 1000 --shell /bin/sh ops
--customize-hook=chroot "$1" systemctl --quiet set-default multi-user.target
--customize-hook=chroot "$1" systemctl --quiet mask console-getty.service apt-daily.timer apt-daily-upgrade.timer
END
}

# Set by base_prepare: directory of the base that new hosts are made from.
BASE_DIR=

# Sets BASE_DIR to the directory of the suite's base, which it builds and unpacks first if need be.
base_prepare() {
  local suite=$1 sources recipe name archive
  sources=$(base_sources "$suite")
  recipe=$(base_recipe)
  name=$suite-$(sha256sum <<<"$recipe $sources" | head -c 12)
  archive=$LAB_DIR/cache/$name.tar.zst
  BASE_DIR=$LAB_DIR/base/$name
  [[ -f $archive ]] || base_build "$suite" "$archive" "$sources" "$recipe"
  [[ -d $BASE_DIR ]] || base_unpack "$archive" "$BASE_DIR"
}

base_build() {
  local suite=$1 archive=$2 sources=$3 log=$LAB_DIR/cache/$1.log recipe
  mapfile -t recipe <<<"$4"
  mkdir -p "$LAB_DIR/cache"
  say "building the $suite base once; this takes a minute or two"
  if ! mmdebstrap "${recipe[@]}" "$suite" "${archive%.tar.zst}.new.tar.zst" <<<"$sources" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    die "the $suite base could not be built: see $log"
  fi
  mv "${archive%.tar.zst}.new.tar.zst" "$archive"
}

base_unpack() {
  local archive=$1 directory=$2
  rm -rf "$directory.new"
  mkdir -p "$directory.new"
  tar --extract --zstd --preserve-permissions --numeric-owner --xattrs --directory "$directory.new" --file "$archive"
  mv "$directory.new" "$directory"
}

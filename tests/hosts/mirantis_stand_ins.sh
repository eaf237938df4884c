# Makes /srv/mirantis on a bookworm host: a repository in the form of Mirantis', signed, of stand-ins. They are Debian's
# own packages under Mirantis' names, so the daemon in them is a real one. Prints the fingerprint of the key.

set -eu
suite=bookworm component=stable-lab
top=/srv/mirantis/debian index=dists/$suite/$component/binary-$(dpkg --print-architecture)
apt-get --quiet=2 update
apt-get --quiet=2 --yes install gnupg > /dev/null 2>&1
mkdir --parents "$top/pool" "$top/$index" /tmp/stand-ins
chown _apt /tmp/stand-ins
cd /tmp/stand-ins

stand_in() { # PACKAGE NAME
  apt-get --quiet=2 download "$1"
  dpkg-deb --raw-extract "$1"_*.deb "$2"
  sed -i -e "s/^Package: .*/Package: $2/" -e 's/containerd (>= [^)]*)/containerd.io/' \
    -e '/^Source:/d' -e '/^Breaks:/d' -e '/^Replaces:/d' -e '/^Description:/,$d' "$2/DEBIAN/control"
  echo "Description: stand-in for the package of Mirantis, made from Debian's $1" >> "$2/DEBIAN/control"
  dpkg-deb -Znone --build "$2" "$top/pool" > /dev/null
}
stand_in containerd containerd.io
stand_in docker.io docker-ee
# The client is in `docker-ee` already.
mkdir --parents docker-ee-cli/DEBIAN
printf '%s\n' 'Package: docker-ee-cli' 'Version: 1' 'Architecture: all' 'Maintainer: lab <root@localhost>' \
  'Description: stand-in for the package of Mirantis, without content' > docker-ee-cli/DEBIAN/control
dpkg-deb --build docker-ee-cli "$top/pool" > /dev/null

cd "$top"
for deb in pool/*.deb; do
  dpkg-deb --field "$deb"
  printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d ' ' -f 1)"
done > "$index/Packages"
cd "dists/$suite"
packages=${index#"dists/$suite/"}/Packages
printf 'Origin: stand-ins\nSuite: %s\nCodename: %s\nComponents: %s\nArchitectures: %s\nDate: %s\nSHA256:\n %s %s %s\n' \
  "$suite" "$suite" "$component" "$(dpkg --print-architecture)" "$(date --utc --rfc-email)" \
  "$(sha256sum "$packages" | cut -d ' ' -f 1)" "$(stat -c %s "$packages")" "$packages" > Release
gpg --quiet --batch --passphrase '' --quick-generate-key stand-ins rsa2048 sign never 2> /dev/null
gpg --quiet --batch --clearsign --output InRelease Release
gpg --armor --export > "$top/gpg"
gpg --list-keys --with-colons 2> /dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p'

# The disk of a host: a sparse ext4 image, thrown away as one file.
#
# The host's root is an overlay of the suite's base (shared, read-only) and the directory `upper` on that disk.
# What a host writes lies on the image, so filling that fills the host and never this machine.

disk_create() {
  local dir=$1
  truncate --size "$LAB_DISK" "$dir/disk.img"
  # No journal: nothing survives a crash of this machine anyway.
  mke2fs -q -t ext4 -O ^has_journal -m 0 "$dir/disk.img"
}

disk_mount() {
  local dir=$1 name
  mkdir -p "$dir/disk" "$dir/root"
  mountpoint --quiet "$dir/disk" || mount -o loop,noatime "$dir/disk.img" "$dir/disk"
  mkdir -p "$dir/disk/upper" "$dir/disk/work"
  for name in "${RUNTIME_DIRS[@]}"; do mkdir -p "$dir/disk/$name"; done
  mountpoint --quiet "$dir/root" || mount -t overlay "$LAB_BRIDGE" \
    -o "lowerdir=$(readlink "$dir/base"),upperdir=$dir/disk/upper,workdir=$dir/disk/work" "$dir/root"
}

disk_unmount() {
  local dir=$1 mount
  for mount in "$dir/root" "$dir/disk"; do
    mountpoint --quiet "$mount" || continue
    # The kernel may hold a mount for a moment after its last process has gone.
    umount "$mount" 2>/dev/null || { sleep 0.2 && umount "$mount"; } || die "cannot unmount $mount"
  done
}

# A container image for hosts that reach no registry: a static busybox, as an archive for `ctr images import` and
# `docker load`. The same busybox always makes the same archive.

readonly IMAGE_DEFAULT_REF=docker.io/library/busybox:lab

# image_write FILE [REF]
image_write() {
  local file=$1 ref=${2:-$IMAGE_DEFAULT_REF} work
  work=$(mktemp --directory)
  mkdir "$work/root" "$work/image"
  image_make_root "$work/root"
  image_pack "$work/root" "$work/image/layer.tar"
  image_describe "$work/image" "$ref"
  image_pack "$work/image" "$file"
  rm -rf "$work"
}

image_make_root() {
  local root=$1 applet
  mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp}
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  cp "$(command -v busybox)" "$root/bin/busybox"
  while read -r applet; do
    [[ $applet = busybox ]] || ln -s busybox "$root/bin/$applet"
  done < <(busybox --list)
}

image_pack() {
  tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory "$1" --file "$2" .
}

# Writes the two JSON files that make directory $1, which holds layer.tar, an image called $2.
image_describe() {
  local image=$1 ref=$2 layer architecture
  layer=$(sha256sum <"$image/layer.tar" | cut -d ' ' -f 1)
  architecture=$(dpkg --print-architecture)
  cat >"$image/config.json" <<END
{
  "architecture": "$architecture",
  "os": "linux",
  "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
  "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}
}
END
  echo "[{\"Config\": \"config.json\", \"RepoTags\": [\"$ref\"], \"Layers\": [\"layer.tar\"]}]" >"$image/manifest.json"
}

# The apt proxy of the lab: an apt-cacher-ng on the bridge, the hosts' only way to packages.

readonly PROXY_DIR=$LAB_DIR/proxy
readonly PROXY_USER=apt-cacher-ng

proxy_up() {
  cgroup_is_populated proxy && return
  # The packaged configuration sends requests for Debian to mirrors of its own choice; this one asks the mirror that
  # the host asked for.
  mkdir -p "$PROXY_DIR/conf" "$PROXY_DIR/cache" "$PROXY_DIR/log"
  chown "$PROXY_USER:" "$PROXY_DIR/cache" "$PROXY_DIR/log"
  cat >"$PROXY_DIR/conf/acng.conf" <<END
CacheDir: $PROXY_DIR/cache
LogDir: $PROXY_DIR/log
SupportDir: /usr/lib/apt-cacher-ng
BindAddress: $GATEWAY
Port: $PROXY_PORT
ExThreshold: 4
ForeGround: 1
END
  proxy_run </dev/null >"$PROXY_DIR/output" 2>&1 {LOCK}>&- &
  proxy_wait
}

proxy_run() {
  cgroup_enter proxy
  exec setsid setpriv --reuid="$PROXY_USER" --regid="$PROXY_USER" --init-groups apt-cacher-ng -c "$PROXY_DIR/conf"
}

proxy_wait() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    ! (: <>"/dev/tcp/$GATEWAY/$PROXY_PORT") 2>/dev/null || return 0
    sleep 0.05
  done
  die "the apt proxy does not answer on $GATEWAY:$PROXY_PORT: see $PROXY_DIR/output and $PROXY_DIR/log"
}

proxy_down() { cgroup_end proxy; }

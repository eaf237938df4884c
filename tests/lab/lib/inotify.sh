# The one setting of this machine that the lab may change: how many inotify instances a user can have.
#
# systemd and its services take about six for each host, all of them as root; the kernel's usual 128 carry 12 hosts
# with a margin. More hosts raise it, with a word, until the lab goes down.

readonly INOTIFY_SETTING=/proc/sys/fs/inotify/max_user_instances
readonly INOTIFY_PER_HOST=8
readonly INOTIFY_MARGIN=32
readonly INOTIFY_SAVED=$LAB_DIR/run/inotify-before

# Makes room for $1 hosts.
inotify_raise() {
  local needed=$(($1 * INOTIFY_PER_HOST + INOTIFY_MARGIN)) now
  now=$(<"$INOTIFY_SETTING")
  ((now < needed)) || return 0
  say "raising fs.inotify.max_user_instances of this machine from $now to $needed until \`lab down\`"
  [[ -f $INOTIFY_SAVED ]] || echo "$now" >"$INOTIFY_SAVED"
  echo "$needed" >"$INOTIFY_SETTING"
}

inotify_restore() {
  [[ -f $INOTIFY_SAVED ]] || return 0
  cat "$INOTIFY_SAVED" >"$INOTIFY_SETTING"
  rm "$INOTIFY_SAVED"
}

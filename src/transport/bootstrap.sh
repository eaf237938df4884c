# Becomes the worker: finds it in the user's cache directory, or asks the controller to send it first.
# It must run in any POSIX sh, and must write to stdout nothing but the lines of `say`. See bootstrap.rs.
# Where the worker is there, nothing is forked: a process costs a host more than all the rest of this.
{
say() { printf '\nprovision-bootstrap %s\n' "$*"; }
fail() { say "$@"; exit 1; }
matches() {
    if command -v sha256sum >/dev/null 2>&1; then
        case $(sha256sum <"$1") in "$sha256 "*) ;; *) return 1 ;; esac
    else
        case "$(cksum <"$1") " in "$cksum "*) ;; *) return 1 ;; esac
    fi
}
# Makes the directory, if that is possible; fails unless it belongs to this user. One that was just made is closed and
# empty, which spares programs below.
own() {
    made=
    [ -d "$1" ] || { (umask 077 && mkdir -p "$1") 2>/dev/null && made=1; }
    [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -w "$1" ] || return 1
    [ -z "$verify" ] || chmod 700 "$1" 2>/dev/null
}
# Whether there is a worker, and it is this user's. The worker itself verifies its content and its directory; if
# they are not as they must be, the controller runs this again with `verify`.
present() {
    [ -f "$file" ] && [ ! -L "$file" ] && [ -O "$file" ] && { [ -z "$verify" ] || matches "$file"; }
}
known() {
    case $1 in
@WORKERS@
    *) return 1 ;;
    esac
}
verify=@VERIFY@
arch=
{ read -r arch </proc/sys/kernel/arch; } 2>/dev/null
if ! known "$arch"; then
    arch=$(uname -m)
    known "$arch" || fail architecture "$arch"
fi
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
directory=$cache/provision
if [ -z "$cache" ] || ! own "$directory"; then
    directory=${TMPDIR:-/var/tmp}/provision-$(id -u)
    own "$directory" || fail directory "$directory"
fi
file=$directory/worker-$sha256
if ! present; then
    # From here on nobody else writes there.
    [ -n "$made" ] || chmod 700 "$directory" || fail directory "$directory"
    # The home may be that of other hosts too, which have processes of the same number.
    { read -r name </proc/sys/kernel/hostname; } 2>/dev/null || name=$(uname -n)
    upload=$directory/upload-$name-$$
    # A whole file came, or gzip complains. That it is the right one is the worker's to tell, as of one that was here.
    if ! {
        if command -v gzip >/dev/null 2>&1; then
            say need "$arch" gzip
            head -c "$compressed" | gzip -dc >"$upload"
        else
            say need "$arch" plain
            head -c "$size" >"$upload"
        fi && { [ -z "$verify" ] || matches "$upload"; } && chmod 700 "$upload" && mv -f "$upload" "$file"
    }; then
        rm -f "$upload" "$file"
        fail damaged "$file"
    fi
    # Files that are older than a day: workers of other builds, and what interrupted uploads left. What is in
    # directories stays: the results of jobs are kept until someone removes them.
    [ -n "$made" ] || find "$directory/." ! -name . -prune -type f -mtime +0 ! -name "worker-$sha256" ! -name "worker-$other" \
        -exec rm -f {} + 2>/dev/null
fi
[ -x "$file" ] || fail noexec "$file"
say run
exec "$file"
}

#!/bin/bash
# packages.sh NAME...: installs those of the named Debian packages that are missing, and nothing when none is.
set -euo pipefail
missing() {
    # Names and what they provide: a virtual package (libz-dev) is there when one that provides it is.
    local name installed
    installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Provides}\n' | grep '^ii' | sed 's/([^)]*)//g; s/,/ /g; s/$/ /')
    for name in "$@"; do
        grep -q -F " $name " <<<"$installed" || echo "$name"
    done
}
[ -n "$(missing "$@")" ] || exit 0
command -v apt-get >/dev/null || { echo "needs $(missing "$@" | xargs): this is no Debian machine, install them by hand" >&2; exit 2; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
# One at a time: apt-get gives up at once where another holds its lists. Who waited finds everything there.
exec 9>"${TMPDIR:-/tmp}/godwit-packages.$(id -u).lock"
flock 9
mapfile -t needed < <(missing "$@")
[ ${#needed[@]} = 0 ] && exit 0
echo "installing ${needed[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${needed[@]}" 9>&- >/dev/null

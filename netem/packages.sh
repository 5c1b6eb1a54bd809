#!/bin/bash
# packages.sh NAME...: installs those of the named Debian packages that are missing, and nothing when none is.
set -euo pipefail
# Names and what they provide: a virtual package (libz-dev) is there when one that provides it is.
installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Provides}\n' | grep '^ii' | sed 's/([^)]*)//g; s/,/ /g; s/$/ /')
missing=()
for name in "$@"; do
    grep -q -F " $name " <<<"$installed" || missing+=("$name")
done
[ ${#missing[@]} = 0 ] && exit 0
command -v apt-get >/dev/null || { echo "needs ${missing[*]}: this is no Debian machine, install them by hand" >&2; exit 2; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

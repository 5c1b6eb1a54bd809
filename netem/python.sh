#!/bin/bash
# python.sh [PEER...]: puts the PyPI packages that these peers (default: all) pin into .build/lab/python, where the lab's workers look for
# them; the system's Python stays as it is. Costs nothing when everything is there.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
target=.build/lab/python
list=$target/installed.txt
needed=$(/usr/bin/python3 -B - "$@" <<'PYTHON'
import sys
sys.path.insert(0, "netem/guest")
import loading, peercard
try:
    for line in sorted({line for name in sys.argv[1:] or loading.names() for line in peercard.read(name)["PYPI"]}):
        print(line)
except peercard.PeerCardError as error:
    sys.exit(f"lab: {error}")
PYTHON
)
missing() { comm -23 <(sed '/^$/d' <<<"$needed") <(cat $list 2>/dev/null || true); }
[ -n "$(missing)" ] || exit 0

mkdir -p $target
# One at a time; who waited finds everything there.
exec 9>$target/.lock
flock 9
[ -n "$(missing)" ] || exit 0
netem/packages.sh python3-pip
echo "installing from PyPI into $target: $(missing | tr "\n" " ")"
fresh=$(mktemp -d .build/lab/python.XXXXXX)
trap 'rm -rf "$fresh"' EXIT
# --no-deps: peers pin all that they need, so that two machines measure the same code. Wheels only: nothing is compiled.
missing | /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
    --no-deps --only-binary :all: --no-compile --target "$fresh" -r /dev/stdin
cp -a "$fresh"/. $target/
{ missing; cat $list 2>/dev/null || true; } | sort -u >$target/installed.new
mv $target/installed.new $list

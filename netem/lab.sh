#!/bin/bash
# lab.sh [--smoke] [ARGUMENTS of netem/guest/conversation.py]: the conversation through bad networks, on a kernel that has sch_netem:
# the running one, else Debian's user-mode Linux on this same file system. Needs root; installs what is missing (Debian's packages, PyPI).
# GODWIT names the binary (default: the release build).
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "lab: network namespaces and netem need root: run it as root (sudo make lab)" >&2; exit 2; }
godwit=${GODWIT:-.build/release/godwit}
[ -x "$godwit" ] || { echo "lab: $godwit is missing: run 'make release' first, or name the binary with GODWIT=…" >&2; exit 2; }

smoke=()
if [ "${1:-}" = --smoke ]; then
    shift
    smoke=(--lines 120 --pace 0.08)
fi

has_netem() {
    modprobe sch_netem 2>/dev/null && return 0
    # Built into the kernel, or not there at all: asking is the only way to know.
    ip netns add godwit-probe 2>/dev/null || return 1
    local answer=1
    ip netns exec godwit-probe tc qdisc add dev lo root netem delay 1ms 2>/dev/null && answer=0
    ip netns del godwit-probe
    return $answer
}

packages=(iproute2 kmod python3 python3-pip python3-yaml)
netem/packages.sh "${packages[@]}"

corpus=.build/lab/corpus
if [ ! -d $corpus/chatterbot_corpus ]; then
    wheel=$(mktemp -d)
    # The wheel is a zip file of data: unpacked beside the build, nothing is installed into the system's Python.
    /usr/bin/python3 -m pip download --quiet --no-deps --dest "$wheel" "chatterbot-corpus==1.3.3"
    mkdir -p $corpus
    /usr/bin/python3 -m zipfile -e "$wheel"/chatterbot_corpus-*.whl $corpus
    rm -rf "$wheel"
fi

results=${GODWIT_LAB_RESULTS:-.build/lab/$(date -u +%Y%m%dT%H%M%SZ)}
mkdir -p "$results"
guest=(/usr/bin/python3 -B netem/guest/conversation.py --godwit "$(realpath "$godwit")" --config config/godwit.yaml
    --corpus "$corpus" --results "$results" "${smoke[@]}" "$@")

echo "lab: commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $("$godwit" --version 2>/dev/null || true), results in $results"
if has_netem; then
    echo "lab: kernel $(uname -r) with sch_netem"
    "${guest[@]}"
else
    netem/packages.sh user-mode-linux
    echo "lab: this kernel ($(uname -r)) has no sch_netem: booting user-mode Linux"
    netem/uml.sh "${guest[@]}"
fi

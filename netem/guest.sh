#!/bin/bash
# guest.sh COMMAND [ARGUMENTS...]: runs COMMAND as root on a kernel that has sch_netem: this one, else Debian's user-mode Linux on this same
# file system. Installs the packages that making networks needs. The exit status is the command's; 2 when it could not be run.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENTS...]" >&2; exit 2; }
here=$(dirname "$0")
[ "$(id -u)" = 0 ] || { echo "lab: network namespaces and netem need root: run it as root (sudo …)" >&2; exit 2; }

has_netem() {
    modprobe -q sch_netem 2>/dev/null && return 0
    # Built into the kernel, or not there at all: asking is the only way to know.
    local probe=godwit-probe-$$ answer=1
    ip netns add $probe 2>/dev/null || return 1
    ip netns exec $probe tc qdisc add dev lo root netem delay 1ms 2>/dev/null && answer=0
    ip netns del $probe
    return $answer
}

"$here/packages.sh" iproute2 kmod ethtool nftables iptables conntrack python3 python3-pip python3-yaml >&2
if has_netem; then
    for module in veth sch_fq act_police act_gact cls_u32 sch_ingress tcp_bbr nf_tables nft_chain_nat nft_masq nft_ct nf_conntrack_netlink; do
        modprobe -q $module 2>/dev/null || true # built in, or the lab says what is missing when it needs it
    done
    exec "$@"
fi
"$here/packages.sh" user-mode-linux >&2
exec "$here/uml.sh" "$@"

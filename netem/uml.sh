#!/bin/bash
# uml.sh COMMAND [ARGUMENTS...]: runs COMMAND as root in a user-mode Linux kernel that has sch_netem, on this machine's own file system.
# For machines whose kernel has no sch_netem. Needs Debian's user-mode-linux and kmod. GODWIT_UML_SECONDS (900) and GODWIT_UML_MEMORY (2048M)
# bound the guest; the exit status is the command's, 125 when the guest died, 124 when its time ran out.
set -u
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENTS...]" >&2; exit 2; }
command -v linux.uml >/dev/null || { echo "$0: linux.uml is missing: apt-get install user-mode-linux" >&2; exit 2; }

# What a killed run could not remove: its guest died with it, its folder is named for its process.
for old in "${TMPDIR:-/tmp}"/godwit-uml.*.*; do
    owner=${old##*/godwit-uml.}
    [ -d "$old" ] && ! kill -0 "${owner%%.*}" 2>/dev/null && rm -rf "$old"
done
job=$(mktemp -d "${TMPDIR:-/tmp}/godwit-uml.$$.XXXXXX") || exit 2
kernel=
made_modules=
cleanup() {
    # The whole guest lives in a process namespace of its own: with its first process all of it is gone.
    [ -n "$kernel" ] && kill -KILL "$kernel" 2>/dev/null && wait "$kernel" 2>/dev/null
    [ -n "${follower:-}" ] && kill "$follower" 2>/dev/null
    [ -n "${guard:-}" ] && kill "$guard" 2>/dev/null
    [ -n "$made_modules" ] && rmdir $modules 2>/dev/null
    rm -rf "$job"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

modules=/lib/modules
[ -d $modules ] || { mkdir -p $modules && made_modules=1; }

{
    echo '#!/bin/bash'
    printf 'export PATH=%q HOME=%q LANG=C.UTF-8\n' "$PATH" "${HOME:-/root}"
    # The guest's own /proc, /sys, /run and shared memory; its module tree is bound over the host's empty one.
    cat <<'GUEST'
mount -t proc proc /proc
mount -t sysfs sys /sys 2>/dev/null
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm 2>/dev/null
mkdir -p /run/netns
mount --bind /usr/lib/uml/modules /lib/modules
for module in ipv6 sch_netem veth sch_fq sch_ingress cls_u32 act_police act_gact tcp_bbr iptable_nat iptable_filter xt_MASQUERADE nf_conntrack_netlink; do
    modprobe $module || echo "uml.sh: no module $module"
done
ip link set lo up
GUEST
    printf 'cd %q\n' "$PWD"
    printf '%q ' "$@"
    printf '>%q 2>&1\n' "$job/output"
    printf 'echo $? >%q\n' "$job/status"
    echo 'sync; echo o >/proc/sysrq-trigger; sleep 10'
} >"$job/init"
chmod +x "$job/init"
: >"$job/output"

# A session of its own keeps the terminal's ctrl-C from the guest: it is this script that ends it, and the guest dies with this script even
# when that is killed outright.
setsid setpriv --pdeathsig KILL unshare --pid --fork --kill-child=KILL --mount-proc \
    timeout "${GODWIT_UML_SECONDS:-900}" linux.uml uml_dir="$job/" mem="${GODWIT_UML_MEMORY:-2048M}" root=/dev/root rootfstype=hostfs rootflags=/ \
    rw quiet init="$job/init" con=null con0=fd:0,fd:1 ssl=null </dev/null >"$job/console" 2>&1 &
kernel=$!
# Whoever started this script may be killed outright as well: an orphan ends itself.
(while [ "$(ps -o ppid= -p $$)" -eq $PPID ]; do sleep 2; done; kill -TERM $$) 2>/dev/null &
guard=$!
tail -n +1 -f --pid=$kernel "$job/output" &
follower=$!
wait $kernel
outcome=$?
wait $follower 2>/dev/null
follower=
if [ -s "$job/status" ]; then
    exit "$(cat "$job/status")"
fi
if [ $outcome = 124 ]; then
    echo "$0: the guest was ended after ${GODWIT_UML_SECONDS:-900} s (GODWIT_UML_SECONDS)" >&2
    exit 124
fi
if [ $outcome -gt 128 ]; then
    echo "$0: the guest kernel was killed by signal $((outcome - 128))" >&2
    exit 125
fi
echo "$0: the guest kernel died before the command ended; its last words:" >&2
tail -5 "$job/console" >&2
exit 125
